"""Trains, calibrates, evaluates and writes the fast classifier: `models/fast`.

    python models/train/train_fast.py --labelled DIR --corpora DIR --out models/fast

Features are computed by the scanner's own code (crates/ngram, built with cargo), so there is one definition of them.
There is no random number in it, so `seed` is null: the same data gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Sums of floats depend on their order, and so on the number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import scipy.sparse as sp  # noqa: E402
import yaml  # noqa: E402
from sklearn.metrics import f1_score, roc_auc_score  # noqa: E402

import graph  # noqa: E402
import linear  # noqa: E402
from texts import ANNOTATED, WEAK_SETS, DataFile, Text, label, read_all  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SPEC = {"version": 1, "buckets": 1 << 18, "windowChars": 512}
RISKS = ("A1f", "A1g", "A2a", "A2b", "A2c", "A2d", "A2e", "A2h", "A2i", "A3e", "A4g")
L2 = 2e-4
STEPS = 60
# A set's positives are scaled towards the weight of its negatives: 1 would make them equal, 0 leave the base rate.
BALANCE = 0.7
# All clean windows together weigh this share of the labelled negatives.
CLEAN_SHARE = 0.2
# Weight of texts of a set without a negative: they teach what is unsafe, but also what the set's source reads like.
ONE_SIDED_WEIGHT = 0.5

MIN_AUC = 0.65
# A within-set AUC of fewer positives or negatives says too little to keep an output for it.
MIN_JUDGED = 15
FLAG = {"posts_limit": 0.02, "clean_limit": 0.01, "group_limit": 0.015}
REVIEW = {"posts_limit": 0.15, "clean_limit": 0.03, "group_limit": 1.0}
# In a smaller group one document is more than the limit.
MIN_GROUP = 67

# The output that answers a set's own question, for the table of test sets.
ANSWERS = {
    "cold": "any", "swsr": "A2e", "edos": "A2e", "toxigen-safenlp": "any", "covid19-rumor": "A1g", "sms-spam-en": "A3e",
    "stormfront": "A2a", "davidson": "any", "surge-toxicity": "A4g",
}

VECTOR_TEXTS = (
    "今天天气很好，我们去公园散步。", "The weather is lovely today.", "", " \u3000\n", "a", "你",
    "ＦＵＬＬ ｗｉｄｔｈ 和半角 mixed 文字", "Straße, Café, naïve, ÉCOLE", "Привет, как дела?", "@someone see https://example.org/a?b=c now",
    "Call 13800138000 before 2024-11-21!", "invi\u200bsible\u00ad marks\ufeff", "😀😀 emoji 👍🏽", "你 好 ， 世 界",
    "People of every background deserve respect and equal pay.", "男女平等是社会进步的标志。",
    "Congratulations! You have won a free prize, reply to claim it now", "You are so stupid, shut up.",
    "The committee published its annual report on water quality. " * 12, "床前明月光，疑是地上霜。举头望明月，低头思故乡。" * 30,
)


class Windows:
    """Feature ids of all windows of a list of texts. `text[i]` is the text of window i, `count[i]` its number of ids."""

    def __init__(self, texts: list[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ids_path, windows_path = Path(folder, "ids"), Path(folder, "windows")
            lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
            subprocess.run(
                ["cargo", "run", "--quiet", "--release", "--package", "ngram", "--example", "features", "--",
                 str(SPEC["buckets"]), str(SPEC["windowChars"]), ids_path, windows_path],
                cwd=ROOT, input=lines.encode(), check=True,
            )
            self.ids = np.fromfile(ids_path, "<u4").astype(np.int32)
            heads = np.fromfile(windows_path, "<u4").reshape(-1, 2).astype(np.int64)
        self.text, self.count = heads[:, 0], heads[:, 1]
        self.start = np.concatenate([[0], np.cumsum(self.count)])

    def matrix(self) -> sp.csr_matrix:
        """Counts, windows by ids 0..buckets."""
        ones = np.ones(len(self.ids), np.int32)
        matrix = sp.csr_matrix((ones, self.ids.copy(), self.start), shape=(len(self.text), SPEC["buckets"] + 1))
        matrix.sum_duplicates()
        return matrix

    def of(self, window: int) -> np.ndarray:
        return self.ids[self.start[window]:self.start[window + 1]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labelled", type=Path, required=True, help="folder of SET.SPLIT.jsonl.zst")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of clean SOURCE.jsonl.zst")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--vectors", type=Path, default=ROOT / "crates/ngram/tests/vectors.json", help="test vectors to write")
    options = parser.parse_args()

    texts, files = read_all(options.labelled, options.corpora)
    say(f"{len(texts):,} texts")
    windows = Windows([text.text for text in texts])
    counts = windows.matrix()
    say(f"{counts.shape[0]:,} windows, {len(windows.ids):,} ids")

    judge = Judge(texts, windows)
    outputs, weights = [], []
    for name in (*RISKS, "any"):
        output, integers = train_output(name, texts, windows, counts, judge)
        if output["useful"]:
            outputs.append(output)
            weights.append(integers)
    names = [output["name"] for output in outputs]
    table = np.stack(weights, axis=1)

    sums = (counts @ sp.csr_matrix(table.astype(np.int32))).toarray()
    scores = judge.record_scores(score(sums, windows.count, outputs))
    set_thresholds(outputs, scores, texts)
    evaluation = evaluate(outputs, scores, texts)

    options.out.mkdir(parents=True, exist_ok=True)
    model_path = options.out / "model.onnx"
    model_path.write_bytes(graph.build(table).SerializeToString(deterministic=True))
    check_graph(model_path, windows, sums, np.flatnonzero([texts[i].use == "test" for i in windows.text]))
    write_vectors(options.vectors, model_path, outputs)
    write_config(options.out, model_path, outputs, files, texts, evaluation)
    write_tables(options.out / "README.md", outputs, evaluation)
    say(f"wrote {options.out} with outputs {', '.join(names)}")


class Judge:
    """Turns scores of windows into scores of texts, and measures them."""

    def __init__(self, texts: list[Text], windows: Windows) -> None:
        self.texts = texts
        self.windows = windows
        self.first = np.searchsorted(windows.text, np.arange(len(texts)))
        self.sets = np.array([text.set for text in texts])
        self.uses = np.array([text.use for text in texts])

    def record_scores(self, window_scores: np.ndarray) -> np.ndarray:
        """The score of a text is that of its highest window, per output."""
        return np.maximum.reduceat(window_scores, self.first, axis=0)

    def within_sets(self, scores: np.ndarray, output: str) -> tuple[float | None, dict[str, float]]:
        """Mean AUC of one output over the human-labelled calibration texts, set by set, so that telling the sets apart
        earns nothing; and each set's."""
        per_set = {}
        for set_name in sorted(set(self.sets[self.uses == "calibrate"])):
            rows, labels = [], []
            for row in np.flatnonzero((self.sets == set_name) & (self.uses == "calibrate")):
                positive, weight = label(self.texts[row], output)
                if weight > 0 and not self.texts[row].clean:
                    rows.append(row)
                    labels.append(positive)
            if min(sum(labels), len(labels) - sum(labels)) >= MIN_JUDGED:
                per_set[set_name] = float(roc_auc_score(labels, scores[rows]))
        return (float(np.mean(list(per_set.values()))) if per_set else None), per_set


def train_output(
    name: str, texts: list[Text], windows: Windows, counts: sp.csr_matrix, judge: Judge
) -> tuple[dict, np.ndarray]:
    """Fits one output on the texts that are labelled for it, makes its weights integers, and says whether it is of use."""
    labels = np.zeros(len(texts), bool)
    weights = np.zeros(len(texts))
    for row, text in enumerate(texts):
        if text.use == "train":
            labels[row], weights[row] = label(text, name)
    balance(labels, weights, texts, judge.sets)

    per_window = np.bincount(windows.text, minlength=len(texts))
    rows = np.flatnonzero(weights[windows.text] > 0)
    sample_weights = (weights / per_window)[windows.text[rows]]
    # Rare features are weighted up while fitting, which makes the penalty on their weights milder (tf-idf); the factor
    # is then part of the weight, so the model itself knows only counts.
    chosen = counts[rows].astype(np.float64)
    documents = np.bincount(chosen.indices, minlength=chosen.shape[1])
    rarity = np.maximum(np.log((len(rows) + 1) / (documents + 1)), 1.0)
    normal = sp.diags(1 / np.sqrt(windows.count[rows])) @ chosen
    fitted, bias = linear.fit((normal @ sp.diags(rarity)).tocsr(), labels[windows.text[rows]], sample_weights, L2, STEPS)
    exact = fitted * rarity
    exact[documents == 0] = 0.0
    exact[0] = 0.0
    integers, scale = linear.quantise(exact, normal.tocsr(), sample_weights)

    calibrating = counts / np.sqrt(windows.count)[:, None]
    auc, per_set = judge.within_sets(judge.record_scores(calibrating @ (integers * scale)), name)
    exact_auc, _ = judge.within_sets(judge.record_scores(calibrating @ exact), name)
    trained_on = sorted({texts[row].set for row in np.flatnonzero((weights > 0) & labels)})
    weak = any(set_name in WEAK_SETS for set_name in trained_on)
    say(f"{name}: {int(labels[weights > 0].sum()):,} positive texts of {', '.join(trained_on)}; AUC "
        f"{fixed(auc)} ({', '.join(f'{k} {v:.3f}' for k, v in per_set.items())}), before rounding {fixed(exact_auc)}")
    if auc is not None and abs(auc - exact_auc) >= 0.002:
        raise SystemExit(f"{name}: rounding weights to int8 changes the AUC from {exact_auc:.4f} to {auc:.4f}")
    output = {
        "name": name, "risk": None if name == "any" else name, "scale": scale, "bias": bias, "trainedOn": trained_on,
        "weakLabels": weak, "positives": int(labels[weights > 0].sum()), "useful": auc is not None and auc >= MIN_AUC,
    }
    if not output["useful"]:
        say(f"{name}: left out, its AUC is not at least {MIN_AUC}")
    return output, integers


def balance(labels: np.ndarray, weights: np.ndarray, texts: list[Text], sets: np.ndarray) -> None:
    """Scales weights in place so that neither class, no set's base rate and no large corpus decides by its size."""
    observed = weights > 0
    clean = np.array([text.clean for text in texts]) & observed
    for set_name in set(sets[observed & ~clean]):
        members = observed & (sets == set_name)
        positive, negative = weights[members & labels].sum(), weights[members & ~labels].sum()
        if positive > 0 and negative > 0:
            weights[members & labels] *= (negative / positive) ** BALANCE
        elif positive > 0:
            weights[members] *= ONE_SIDED_WEIGHT
    for source in set(sets[clean]):
        members = clean & (sets == source)
        weights[members] /= np.sqrt(members.sum())
    weights[clean] *= CLEAN_SHARE * weights[observed & ~clean & ~labels].sum() / weights[clean].sum()


def score(sums: np.ndarray, count: np.ndarray, outputs: list[dict]) -> np.ndarray:
    """Scores as `ngram::Linear` defines them: σ(bias + scale · sum / √count)."""
    scale = np.array([output["scale"] for output in outputs])
    bias = np.array([output["bias"] for output in outputs])
    return 1 / (1 + np.exp(-(bias + scale * sums / np.sqrt(count)[:, None])))


def set_thresholds(outputs: list[dict], scores: np.ndarray, texts: list[Text]) -> None:
    calibrating = np.array([text.use == "calibrate" for text in texts])
    clean = np.array([text.clean for text in texts])
    harmless = np.array([not text.unsafe for text in texts])
    sets = np.array([text.set for text in texts])
    posts = np.flatnonzero(calibrating & ~clean & harmless)
    documents = np.flatnonzero(calibrating & clean)
    groups = [np.flatnonzero(calibrating & clean & (sets == name)) for name in sorted(set(sets[clean]))]
    groups = [group for group in groups if len(group) >= MIN_GROUP]
    risks = [column for column, output in enumerate(outputs) if output["risk"]]
    for columns in (risks, [column for column, output in enumerate(outputs) if not output["risk"]]):
        for level, limits in (("flag", FLAG), ("review", REVIEW)):
            found = linear.calibrate(scores[:, columns], posts, documents, groups, **limits)
            for column, threshold in zip(columns, found):
                outputs[column][level] = float(threshold)
    for output in outputs:
        output["review"] = min(output["review"], output["flag"])


def evaluate(outputs: list[dict], scores: np.ndarray, texts: list[Text]) -> dict:
    """All figures of the model card, from texts that were neither trained nor calibrated on, but for `calibration`."""
    sets = np.array([text.set for text in texts])
    uses = np.array([text.use for text in texts])
    clean = np.array([text.clean for text in texts])
    unsafe = np.array([text.unsafe for text in texts])
    names = [output["name"] for output in outputs]
    risks = [column for column, output in enumerate(outputs) if output["risk"]]
    reached = {
        level: (scores[:, risks] >= np.array([outputs[column][level] for column in risks])).any(axis=1)
        for level in ("flag", "review")
    }
    share = lambda hits, rows: round(float(hits[rows].mean()), 4) if rows.any() else None  # noqa: E731

    test_sets = {}
    for name in ANNOTATED:
        rows = (sets == name) & (uses == "test")
        entry = {"records": int(rows.sum()), "unsafe": int(unsafe[rows].sum())}
        answer = ANSWERS.get(name)
        if answer in names:
            column = names.index(answer)
            tuning = (sets == name) & (uses == "calibrate")
            cut = best_cut(unsafe[tuning], scores[tuning, column])
            entry |= {
                "output": answer,
                "auc": round(float(roc_auc_score(unsafe[rows], scores[rows, column])), 4),
                "macroF1": round(float(f1_score(unsafe[rows], scores[rows, column] >= cut, average="macro")), 4),
            }
        for level in ("flag", "review"):
            entry[level] = {"recall": share(reached[level], rows & unsafe), "falseAlarms": share(reached[level], rows & ~unsafe)}
        test_sets[name] = entry

    per_risk = {}
    for column in risks:
        risk = names[column]
        per_risk[risk] = {}
        for name in ANNOTATED:
            rows, labels = [], []
            for row in np.flatnonzero((sets == name) & (uses == "test")):
                positive, weight = label(texts[row], risk)
                if weight > 0:
                    rows.append(row)
                    labels.append(positive)
            if min(sum(labels), len(labels) - sum(labels)) >= MIN_JUDGED and name != "mlma-en":
                hits = scores[rows, column] >= outputs[column]["flag"]
                positives = np.array(labels)
                per_risk[risk][name] = {
                    "positives": int(positives.sum()), "negatives": int((~positives).sum()),
                    "auc": round(float(roc_auc_score(labels, scores[rows, column])), 4),
                    "recallAtFlag": round(float(hits[positives].mean()), 4),
                }

    corpora = {}
    for name in sorted({text.set for text in texts if text.clean}):
        rows = (sets == name) & (uses == "test")
        corpora[name] = {"records": int(rows.sum()), "flag": share(reached["flag"], rows), "review": share(reached["review"], rows)}
    templates = sets == "en-identity-templates"
    calibrating = uses == "calibrate"
    rates = lambda rows: {level: share(reached[level], rows) for level in ("flag", "review")}  # noqa: E731
    return {
        "testSets": test_sets,
        "perRisk": per_risk,
        "cleanCorpora": corpora,
        "cleanTotal": {"records": int((clean & (uses == "test")).sum()), **rates(clean & (uses == "test"))},
        "identityTemplates": {"harmless": int((templates & ~unsafe).sum()), **rates(templates & ~unsafe)},
        "calibration": {
            "harmlessPosts": {"records": int((calibrating & ~clean & ~unsafe).sum()), **rates(calibrating & ~clean & ~unsafe)},
            "cleanDocuments": {"records": int((calibrating & clean).sum()), **rates(calibrating & clean)},
            "unsafePosts": {"records": int((calibrating & unsafe).sum()), **rates(calibrating & unsafe)},
        },
    }


def best_cut(labels: np.ndarray, scores: np.ndarray) -> float:
    """The cut with the best macro F1 on texts that are not those of the test."""
    cuts = np.unique(np.quantile(scores, np.linspace(0.01, 0.99, 99)))
    return float(max(cuts, key=lambda cut: f1_score(labels, scores >= cut, average="macro")))


def run_graph(model_path: Path, rows: list[np.ndarray]) -> np.ndarray:
    """Sums of windows by ONNX Runtime, padded in batches as the scanner does."""
    session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
    parts = []
    for start in range(0, len(rows), 64):
        batch = rows[start:start + 64]
        ids = np.zeros((len(batch), max(map(len, batch))), np.int32)
        for row, values in zip(ids, batch):
            row[:len(values)] = values
        parts.append(session.run(["sums"], {"ids": ids})[0])
    return np.concatenate(parts)


def check_graph(model_path: Path, windows: Windows, sums: np.ndarray, rows: np.ndarray) -> None:
    found = run_graph(model_path, [windows.of(row) for row in rows])
    differing = int((found != sums[rows]).any(axis=1).sum())
    if differing:
        raise SystemExit(f"{differing} of {len(rows)} windows have other sums in the graph than in numpy")
    say(f"graph and numpy agree on all sums of {len(rows):,} test windows")


def write_vectors(path: Path, model_path: Path, outputs: list[dict]) -> None:
    windows = Windows(list(VECTOR_TEXTS))
    sums = run_graph(model_path, [windows.of(row) for row in range(len(windows.text))])
    scores = score(sums, windows.count, outputs)
    cases = [{"text": text, "windows": []} for text in VECTOR_TEXTS]
    for row, text in enumerate(windows.text):
        cases[text]["windows"].append({
            "ids": windows.of(row).tolist(), "sums": sums[row].tolist(), "scores": [float(value) for value in scores[row]],
        })
    linear_outputs = [{"scale": output["scale"], "bias": output["bias"]} for output in outputs]
    head = {"features": SPEC, "modelSha256": sha256(model_path), "outputs": linear_outputs}
    lines = ",\n    ".join(json.dumps(case, ensure_ascii=False) for case in cases)
    path.write_text(json.dumps(head)[:-1] + ',\n  "cases": [\n    ' + lines + "\n  ]\n}\n", encoding="utf-8")


def write_config(
    out: Path, model_path: Path, outputs: list[dict], files: list[DataFile], texts: list[Text], evaluation: dict
) -> None:
    uses: dict[tuple[str, str], dict[str, int]] = {}
    for text in texts:
        used = uses.setdefault((text.set, text.split), {})
        used[text.use] = used.get(text.use, 0) + 1
    listed = lambda use: [  # noqa: E731
        {"set": file.set, "split": file.split, "records": uses[file.set, file.split][use], "sha256": file.sha256}
        for file in files if use in uses[file.set, file.split]
    ]
    config = {
        "version": 1,
        "id": "fast-ngram",
        "name": "Fast classifier: hashed character n-grams, linear, integer weights",
        "kind": "hashed-ngrams",
        "licence": "Apache-2.0",
        "features": SPEC,
        "input": "ids",
        "output": "sums",
        "outputs": [
            {key: output[key] for key in ("name", "risk", "scale", "bias", "flag", "review", "trainedOn", "weakLabels")}
            for output in outputs
        ],
        "training": {
            "script": "models/train/train_fast.py", "seed": None, "l2": L2, "steps": STEPS, "data": listed("train"),
        },
        "calibration": {
            "flag": {"harmlessPosts": FLAG["posts_limit"], "cleanDocuments": FLAG["clean_limit"], "perCorpus": FLAG["group_limit"]},
            "review": {"harmlessPosts": REVIEW["posts_limit"], "cleanDocuments": REVIEW["clean_limit"]},
            "data": listed("calibrate"),
        },
        "evaluation": evaluation | {"data": listed("test")},
        "files": {"model.onnx": {"bytes": model_path.stat().st_size, "sha256": sha256(model_path)}},
    }
    head = "# Written by models/train/train_fast.py. An output's score is σ(bias + scale · sum / √count), the highest of its windows.\n"
    body = yaml.dump(config, Dumper=Plain, sort_keys=False, allow_unicode=True, width=160)
    (out / "corpusgate.yaml").write_text(head + body, encoding="utf-8")


class Plain(yaml.SafeDumper):
    """Lists of names on one line, no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _list(dumper: Plain, values: list) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=all(isinstance(v, str) for v in values))


def _map(dumper: Plain, values: dict) -> yaml.Node:
    flat = len(values) > 1 and all(not isinstance(v, (dict, list)) for v in values.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", values, flow_style=flat)


Plain.add_representer(list, _list)
Plain.add_representer(dict, _map)


def write_tables(path: Path, outputs: list[dict], evaluation: dict) -> None:
    """Replaces the tables between the two marks of the model card, so that they can't differ from the model."""
    percent = lambda value: "–" if value is None else f"{100 * value:.1f} %"  # noqa: E731
    blocks = [table(
        ["test set", "records", "unsafe", "output", "AUC", "macro F1", "recall at flag", "false alarms at flag", "recall at review", "false alarms at review"],
        [[name, entry["records"], entry["unsafe"], entry.get("output", "–"), entry.get("auc", "–"), entry.get("macroF1", "–"),
          percent(entry["flag"]["recall"]), percent(entry["flag"]["falseAlarms"]),
          percent(entry["review"]["recall"]), percent(entry["review"]["falseAlarms"])]
         for name, entry in evaluation["testSets"].items()],
    ), table(
        ["output", "positives trained on", "labels", "flag", "review", "AUC on test sets (positives; recall at flag)"],
        [[output["name"], output["positives"], "weak" if output["weakLabels"] else "direct", output["flag"], output["review"],
          "; ".join(f"{name} {entry['auc']} ({entry['positives']}; {percent(entry['recallAtFlag'])})"
                    for name, entry in evaluation["perRisk"].get(output["name"], {}).items()) or "–"]
         for output in outputs],
    ), table(
        ["clean corpus (odd half)", "documents", "reach flag", "reach review"],
        [[name, entry["records"], percent(entry["flag"]), percent(entry["review"])]
         for name, entry in (*evaluation["cleanCorpora"].items(), ("**all**", evaluation["cleanTotal"]))],
    )]
    templates = evaluation["identityTemplates"]
    blocks.append(
        f"Of the {templates['harmless']:,} harmless sentences of en-identity-templates (made from templates with terms of "
        f"identity), {percent(templates['flag'])} reach flag and {percent(templates['review'])} reach review."
    )
    begin, end = "<!-- tables: written by train_fast.py -->", "<!-- end of tables -->"
    text = path.read_text(encoding="utf-8") if path.exists() else f"{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    path.write_text(f"{before}{begin}\n\n" + "\n\n".join(blocks) + f"\n\n{end}{after}", encoding="utf-8")


def table(head: list, rows: list[list]) -> str:
    line = lambda cells: "| " + " | ".join(str(cell) for cell in cells) + " |"  # noqa: E731
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fixed(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
