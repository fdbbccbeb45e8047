#!/usr/bin/env python3
"""Prints nDCG@10 of guichet and of what one would pick instead, in one run on the same labelled collections:

    make peers
"""
import gzip, json, math, os, subprocess, sys

import bm25s, Stemmer

FRENCH = list(bm25s.stopwords.STOPWORDS_FRENCH)


def read(folder):
    with gzip.open(f"{folder}/corpus.jsonl.gz", "rt", encoding="utf8") as f:
        corpus = [json.loads(line) for line in f]
    with open(f"{folder}/queries.jsonl", encoding="utf8") as f:
        queries = [json.loads(line) for line in f]
    wanted = {}
    with open(f"{folder}/qrels.tsv", encoding="utf8") as f:
        for query, document, grade in (line.split("\t") for line in list(f)[1:]):
            if int(grade) > 0:
                wanted.setdefault(query, {})[document] = int(grade)
    return corpus, [q for q in queries if q["_id"] in wanted], wanted


def ndcg(ranked, wanted):
    gain = lambda grades: sum((2**g - 1) / math.log2(i + 2) for i, g in enumerate(grades[:10]))
    return gain([wanted.get(d, 0) for d in ranked]) / gain(sorted(wanted.values(), reverse=True))


def words(corpus, queries, wanted, method):
    stemmer = Stemmer.Stemmer("french")
    cut = lambda texts: bm25s.tokenize(texts, stopwords=FRENCH, stemmer=stemmer, show_progress=False)
    index = bm25s.BM25(method=method, k1=1.2, b=0.75)
    index.index(cut([d["title"] + " " + d["text"] for d in corpus]), show_progress=False)
    found, _ = index.retrieve(cut([q["text"] for q in queries]), k=10, show_progress=False)
    return sum(ndcg([corpus[i]["_id"] for i in row], wanted[q["_id"]]) for q, row in zip(queries, found)) / len(queries)


def guichet(binary, folder, mode):
    out = subprocess.run([binary, "eval", "retrieval", folder, "--mode", mode, "--json"], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)["ndcg@10"]


def main():
    binary, folders = sys.argv[1], [f for f in sys.argv[2:] if os.path.exists(f"{f}/corpus.jsonl.gz")]
    print(f"{'nDCG@10':25} {'bm25s lucene':>13} {'bm25s bm25+':>13} {'guichet mots':>13} {'guichet':>13}")
    for folder in folders:
        collection = read(folder)
        row = [words(*collection, method) for method in ("lucene", "bm25+")] + [guichet(binary, folder, mode) for mode in ("lexical", "hybrid")]
        print(f"{os.path.basename(folder.rstrip('/')):25} " + " ".join(f"{x:13.4f}" for x in row), flush=True)


if __name__ == "__main__":
    main()
