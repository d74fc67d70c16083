"""Writes extra.json: further reference values for corpusgate/stats, with arguments that reference.json does not reach.

    python3 -m venv venv
    venv/bin/pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0 ppi-python==0.2.3 mpmath==1.4.1
    venv/bin/python make_extra.py [--per-function 6] [--seed 2026] [--out extra.json]

Where scipy itself keeps fewer digits than the tests ask for (a billion records, tails below 1e-12), the value is computed
by mpmath with 40 digits from the definition, and the case says so in `source`.
"""
import argparse
import hashlib
import json
import math
import random
import sys

import mpmath as mp
import numpy as np
import ppi_py
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats import inter_rater, multitest, proportion

mp.mp.dps = 40
SCIPY = f"scipy {scipy.__version__}"
MPMATH = f"mpmath {mp.__version__}, 40 digits"


# ---- 40-digit distribution functions -------------------------------------------------------------------------------

def beta_tails(a, b, x):
    """(I_x(a, b), 1 - I_x(a, b)): the smaller tail is integrated, panel by panel outwards until it no longer counts."""
    a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    if x <= 0:
        return mp.mpf(0), mp.mpf(1)
    if x >= 1:
        return mp.mpf(1), mp.mpf(0)
    if max(a, b) < 400:
        return mp.betainc(a, b, 0, x, regularized=True), mp.betainc(a, b, x, 1, regularized=True)
    mean = a / (a + b)
    spread = mp.sqrt(mean * (1 - mean) / (a + b + 1))
    norm = mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)

    def density(z):
        return mp.exp((a - 1) * mp.log(z) + (b - 1) * mp.log(1 - z) + norm)

    sign = 1 if x > mean else -1
    total, start = mp.mpf(0), x
    while True:
        rate = abs((a - 1) / start - (b - 1) / (1 - start))
        step = min(spread, 2 / rate if rate else spread)
        end = min(max(start + sign * step, mp.mpf(0)), mp.mpf(1))
        if end == 0 and a < 1:  # singular end: substitute z = w^(1/a)
            part = mp.quad(lambda w: mp.exp((b - 1) * mp.log(1 - w ** (1 / a)) + norm) / a, [0, start ** a])
        else:
            part = abs(mp.quad(density, [start, end]))
        total += part
        start = end
        if start in (0, 1) or part < total * mp.mpf(10) ** -25:
            break
    return (1 - total, total) if sign > 0 else (total, 1 - total)


def binomial_at_most(c, n, p):
    if c < 0:
        return mp.mpf(0)
    return mp.mpf(1) if c >= n else beta_tails(c + 1, n - c, p)[1]


def beta_quantile(q, a, b):
    """Newton's method on the log of the smaller tail against log x, started at scipy's value; x is the smaller coordinate."""
    q = mp.mpf(q)
    x = float(stats.beta.ppf(float(q), a, b))
    if x > 0.5:
        return 1 - beta_quantile(1 - q, b, a)
    x = mp.mpf(x)
    norm = mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    for _ in range(30):
        low, high = beta_tails(a, b, x)
        term = mp.exp(a * mp.log(x) + (b - 1) * mp.log(1 - x) + norm)
        change = (mp.log(low) - mp.log(q)) * low / term if q < 0.5 else (mp.log(1 - q) - mp.log(high)) * high / term
        x *= mp.exp(-change)
        if abs(change) < mp.mpf(10) ** -20:
            return x
    raise ArithmeticError(f"no convergence at q = {q}, a = {a}, b = {b}")


def hypergeometric_at_most(c, N, D, n):
    low, high = max(0, n - (N - D)), min(n, D)
    if c < low:
        return mp.mpf(0)
    if c >= high:
        return mp.mpf(1)
    down = c * N <= D * n

    def log_choose(m, k):
        return mp.loggamma(m + 1) - mp.loggamma(k + 1) - mp.loggamma(m - k + 1)

    k = c if down else c + 1
    part = total = mp.exp(log_choose(D, k) + log_choose(N - D, n - k) - log_choose(N, n))
    while part > total * mp.mpf(10) ** -25:
        if down:
            part = part * k * (N - D - n + k) / ((D - k + 1) * (n - k + 1))
            k -= 1
        else:
            part = part * (D - k) * (n - k) / ((k + 1) * (N - D - n + k + 1))
            k += 1
        total += part
    return total if down else 1 - total


def largest(low, high, holds):
    """Largest integer from low to high for which the test holds; it must hold up to there and nowhere after."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def settled(guess, low, high, holds):
    """The same, found from a guess by scipy: the exact test, which is slow, only settles the last steps."""
    step = 1
    while guess > low and not holds(guess):
        guess, high, step = max(low, guess - step), guess - 1, 2 * step
    low, step = guess, 1
    while guess < high and holds(guess + step if guess + step <= high else high):
        guess = low = min(high, guess + step)
        step *= 2
    return largest(low, min(high, guess + step - 1), holds)


# ---- one reference per function ------------------------------------------------------------------------------------

def big(n):
    return n > 20_000


def cp(q, a, b):
    return float(beta_quantile(q, a, b)) if big(a + b) else float(stats.beta.ppf(q, a, b))


def clopper_pearson(k, n, conf):
    tail = (1 - conf) / 2
    return [0.0 if k == 0 else cp(tail, k, n - k + 1), 1.0 if k == n else cp(1 - tail, k + 1, n - k)]


def cp_upper(k, n, conf):
    return 1.0 if k == n else cp(conf, k + 1, n - k)


def cp_lower(k, n, conf):
    return 0.0 if k == 0 else cp(1 - conf, k, n - k + 1)


def confint(method):
    return lambda k, n, conf: [float(v) for v in proportion.proportion_confint(k, n, alpha=1 - conf, method=method)]


def wilson_cc(k, n, conf):
    interval = stats.binomtest(k, n).proportion_ci(conf, "wilsoncc")
    return [float(interval.low), float(interval.high)]


def jeffreys(k, n, conf):
    tail = (1 - conf) / 2
    return [cp(tail, k + 0.5, n - k + 0.5), cp(1 - tail, k + 0.5, n - k + 0.5)]


def binom_cdf(c, n, p):
    return float(binomial_at_most(c, n, p)) if big(n) else float(stats.binom.cdf(c, n, p))


def binom_test(k, n, p, alternative):
    if big(n) and alternative == "less":
        return float(binomial_at_most(k, n, p))
    if big(n) and alternative == "greater":
        return float(1 - binomial_at_most(k - 1, n, p))
    return float(stats.binomtest(k, n, p, alternative).pvalue)


def hypergeom_cdf(c, N, D, n):
    return float(hypergeometric_at_most(c, N, D, n))


def finite_upper(k, n, N, conf):
    tail = 1 - conf
    guess = largest(k, N - n + k, lambda D: stats.hypergeom.cdf(k, N, D, n) > tail)
    return settled(guess, k, N - n + k, lambda D: hypergeometric_at_most(k, N, D, n) > tail)


def acceptance_number(n, p0, conf):
    guess = largest(-1, n, lambda c: stats.binom.cdf(c, n, p0) <= 1 - conf)
    return settled(guess, -1, n, lambda c: binomial_at_most(c, n, p0) <= 1 - conf)


def min_sample_size(c, p0, conf):
    guess = largest(c, 2 ** 40, lambda n: stats.binom.cdf(c, n, p0) > 1 - conf)
    return settled(guess, c, 2 ** 40, lambda n: binomial_at_most(c, n, p0) > 1 - conf) + 1


def gate_power(n, p0, conf, p1):
    c = acceptance_number(n, p0, conf)
    return [c, binom_cdf(c, n, p1)]


def rogan_gladen(ap, se, sp):
    return (ap + sp - 1) / (se + sp - 1)


def lang_reiczigel(AP, nP, Se, nSe, Sp, nSp, conf):
    z = stats.norm.ppf(1 - (1 - conf) / 2)
    size = nP + z * z
    ap = (nP * AP + z * z / 2) / size
    se, sp = (nSe * Se + 1) / (nSe + 2), (nSp * Sp + 1) / (nSp + 2)
    share = (ap + sp - 1) / (se + sp - 1)
    shift = 2 * z * z * (share * se * (1 - se) / (nSe + 2) - (1 - share) * sp * (1 - sp) / (nSp + 2))
    variance = (ap * (1 - ap) / size + share ** 2 * se * (1 - se) / (nSe + 2)
                + (1 - share) ** 2 * sp * (1 - sp) / (nSp + 2)) / (se + sp - 1) ** 2
    half = z * math.sqrt(variance)
    return [min(1.0, max(0.0, float(share + shift - half))), min(1.0, max(0.0, float(share + shift + half)))]


def ppi_binary(tp, fp, fn, tn, N1, N0, alpha, lam):
    truth = np.array([1.0] * tp + [0.0] * fp + [1.0] * fn + [0.0] * tn)
    verdict = np.array([1.0] * (tp + fp) + [0.0] * (fn + tn))
    rest = np.array([1.0] * N1 + [0.0] * N0)
    point = ppi_py.ppi_mean_pointestimate(truth, verdict, rest, lam=lam)
    low, high = ppi_py.ppi_mean_ci(truth, verdict, rest, alpha=alpha, lam=lam)
    return [float(np.squeeze(v)) for v in (point, low, high)]


def stratified(strata, conf):
    total = sum(size for size, _, _ in strata)
    estimate = sum(size / total * k / n for size, n, k in strata)
    variance = sum((size / total) ** 2 * (1 - n / size) * (k / n) * (1 - k / n) / (n - 1) for size, n, k in strata)
    error = math.sqrt(variance)
    z = float(stats.norm.ppf(1 - (1 - conf) / 2))
    return [estimate, error, estimate - z * error, estimate + z * error]


def neyman(strata, n):
    spreads = [size * math.sqrt(p * (1 - p)) for size, p in strata]
    return [n * spread / sum(spreads) for spread in spreads]


def sprt(p0, p1, alpha, beta):
    p0, p1, alpha, beta = (mp.mpf(v) for v in (p0, p1, alpha, beta))
    reject, accept = mp.log((1 - beta) / alpha), mp.log(beta / (1 - alpha))
    miss = mp.log((1 - p0) / (1 - p1))
    per_hit = mp.log(p1 / p0) + miss
    return [float(v) for v in (reject, accept, miss / per_hit, -accept / per_hit, reject / per_hit)]


def sprt_llr(k, n, p0, p1):
    p0, p1 = mp.mpf(p0), mp.mpf(p1)
    return float(k * mp.log(p1 / p0) + (n - k) * mp.log((1 - p1) / (1 - p0)))


def kappa(table):
    result = inter_rater.cohens_kappa(np.array(table))
    return [float(result.kappa), float(result.std_kappa)]


def fleiss(table):
    return float(inter_rater.fleiss_kappa(np.array(table)))


def adjust(method):
    def run(p, alpha):
        rejected, adjusted = multitest.multipletests(p, alpha=alpha, method=method)[:2]
        return [[bool(v) for v in rejected], [float(v) for v in adjusted]]
    return run


def chi2_ppf(q, df):
    return float(stats.chi2.ppf(q, df))


def poisson_upper(k, conf):
    """Gamma quantile at shape k + 1, by 40-digit Newton steps on the tail integral from scipy's value."""
    a = mp.mpf(k + 1)
    x = mp.mpf(float(stats.chi2.ppf(conf, 2 * (k + 1)) / 2))
    norm = -mp.loggamma(a)

    def density(z):
        return mp.exp((a - 1) * mp.log(z) - z + norm)

    for _ in range(20):
        total, start = mp.mpf(0), x
        while True:
            end = start + mp.sqrt(a)
            part = mp.quad(density, [start, end])
            total, start = total + part, end
            if part < total * mp.mpf(10) ** -25:
                break
        change = (total - (1 - mp.mpf(conf))) / density(x)
        x += change
        if abs(change) < x * mp.mpf(10) ** -20:
            return float(x)
    raise ArithmeticError("no convergence")


def beta_binom_cdf(c, n, a, b):
    if c >= n:
        return 1.0
    a, b = mp.mpf(a), mp.mpf(b)
    part = mp.beta(a, n + b) / mp.beta(a, b)
    total = part
    for k in range(c):
        part = part * (n - k) * (k + a) / ((k + 1) * (n - k - 1 + b))
        total += part
    return float(total)


def bottom_k(seed, ids, k):
    return sorted(ids, key=lambda i: hashlib.sha256((seed + "\0" + i).encode()).digest())[:k]


# ---- arguments -----------------------------------------------------------------------------------------------------

CONF = [0.8, 0.9, 0.95, 0.975, 0.99, 0.999, 0.9999]


def some_n(r, most=9):
    return max(1, int(10 ** r.uniform(0, most)))


def some_k(r, n):
    kind = r.randrange(5)
    near = min(n, r.choice([0, 1, 2, 3, 7]))
    return [near, n - near, int(n * r.random()), int(n * 10 ** r.uniform(-6, 0)), min(n, int(n * r.choice([0.02, 0.04, 0.05])))][kind]


def share_args(r, most=9):
    n = some_n(r, most)
    return {"k": some_k(r, n), "n": n, "conf": r.choice(CONF)}


def near_mean(r, n, p):
    """A count within some standard deviations of the mean, so that tails are neither 0 nor 1."""
    c = round(n * p + r.uniform(-6, 6) * math.sqrt(n * p * (1 - p)) + r.choice([-1, 0, 1]))
    return max(0, min(n, c))


def some_p(r):
    return r.choice([10 ** r.uniform(-8, 0), 1 - 10 ** r.uniform(-6, 0), r.random(), 0.05, 0.04, 0.02])


def binom_cdf_args(r):
    n, p = some_n(r), some_p(r)
    return {"c": near_mean(r, n, p), "n": n, "p": p}


def binom_test_args(r):
    alternative = r.choice(["less", "greater", "two-sided"])
    n, p = some_n(r, 6 if alternative == "two-sided" else 9), some_p(r)
    return {"k": near_mean(r, n, p), "n": n, "p": p, "alternative": alternative}


def hypergeom_args(r):
    if r.random() < 0.15:  # so wide that the tail is integrated
        N = int(10 ** r.uniform(9.3, 10.5))
        D, n = int(N * r.uniform(0.3, 0.7)), int(N * r.uniform(0.3, 0.7))
        spread = math.sqrt(D * n / N * (1 - D / N) * (N - n) / N)
        return {"c": round(D * n / N + r.uniform(-7, 7) * spread), "N": N, "D": D, "n": n}
    N = some_n(r)
    D, n = some_k(r, N), some_k(r, N)
    mean = D * n / N
    spread = math.sqrt(mean * (1 - D / N) * (N - n) / max(1, N - 1))
    c = max(0, n - (N - D), min(n, D, round(mean + r.uniform(-6, 6) * spread)))
    return {"c": c, "N": N, "D": D, "n": n}


def finite_args(r):
    N = some_n(r, 6)
    n = max(1, int(N * r.uniform(0.02, 1)))
    return {"k": some_k(r, n), "n": n, "N": N, "conf": r.choice(CONF)}


def lang_args(r):
    return {"AP": r.random() * 0.4, "nP": some_n(r), "Se": r.uniform(0.6, 1), "nSe": some_n(r, 5) + 10,
            "Sp": r.uniform(0.7, 1), "nSp": some_n(r, 5) + 10, "conf": r.choice(CONF)}


def ppi_args(r):
    tp, fp, fn, tn = (r.randrange(1, 2000) for _ in range(4))
    return {"tp": tp, "fp": fp, "fn": fn, "tn": tn, "N1": r.randrange(1, 90000), "N0": r.randrange(1, 90000),
            "alpha": r.choice([0.2, 0.1, 0.05, 0.01, 0.0001]), "lam": r.choice([None, 0, 1, r.random()])}


def strata_args(r):
    strata = []
    for _ in range(r.randrange(1, 6)):
        size = some_n(r) + 2
        drawn = r.randrange(2, min(size, 5000) + 1)
        strata.append([size, drawn, r.randrange(drawn + 1)])
    return {"strata": strata, "conf": r.choice(CONF)}


def neyman_args(r):
    return {"strata": [[some_n(r), r.uniform(1e-6, 1)] for _ in range(r.randrange(1, 6))], "n": some_n(r, 5)}


def sprt_args(r):
    p0 = 10 ** r.uniform(-4, -0.5)
    return {"p0": p0, "p1": p0 + (1 - p0) * r.uniform(0.001, 0.99), "alpha": r.uniform(1e-4, 0.4), "beta": r.uniform(1e-4, 0.4)}


def llr_args(r):
    a, n = sprt_args(r), some_n(r)
    return {"k": some_k(r, n), "n": n, "p0": a["p0"], "p1": a["p1"]}


def table_args(r):
    size = r.randrange(2, 5)
    return {"table": [[r.randrange(0, 10 ** r.randrange(1, 6)) + (i == j) for j in range(size)] for i in range(size)]}


def fleiss_args(r):
    raters, categories = r.randrange(2, 7), r.randrange(2, 5)
    table = []
    for _ in range(r.randrange(2, 30)):
        row = [0] * categories
        for _ in range(raters):
            row[r.randrange(categories)] += 1
        table.append(row)
    return {"table": table}


def p_args(r):
    values = [r.choice([r.random(), 10 ** r.uniform(-9, 0), 0.01, 0.05]) for _ in range(r.randrange(1, 20))]
    return {"p": values, "alpha": r.choice([0.05, 0.01, 0.1, 0.2])}


def beta_args(r):
    a, b = (10 ** r.uniform(-1, 6) for _ in range(2))
    return {"q": r.choice([r.random(), 10 ** r.uniform(-6, 0), 0.9999]), "a": a, "b": b}


def betainc_args(r):
    a, b = (10 ** r.uniform(-1, 6) for _ in range(2))
    mean = a / (a + b)
    x = mean + r.uniform(-5, 5) * math.sqrt(mean * (1 - mean) / (a + b + 1))
    return {"a": a, "b": b, "x": min(1.0, max(0.0, x))}


def bb_args(r):
    n = some_n(r, 4)
    return {"c": some_k(r, n), "n": n, "a": 10 ** r.uniform(-2, 3), "b": 10 ** r.uniform(-2, 3)}


def ids_args(r):
    ids = ["".join(r.choice("abc甲乙丙😀é") for _ in range(r.randrange(1, 9))) for _ in range(r.randrange(0, 30))]
    return {"seed": r.choice(["", "2026", "种子", "a b"]), "ids": sorted(set(ids)), "k": r.randrange(0, 12)}


FUNCTIONS = {
    "clopper_pearson": (share_args, clopper_pearson, f"beta quantiles, {SCIPY} up to n = 20,000, then {MPMATH}"),
    "cp_upper": (share_args, cp_upper, f"beta quantile, {SCIPY} up to n = 20,000, then {MPMATH}"),
    "cp_lower": (share_args, cp_lower, f"beta quantile, {SCIPY} up to n = 20,000, then {MPMATH}"),
    "wilson": (share_args, confint("wilson"), f"statsmodels {statsmodels.__version__}"),
    "wilson_cc": (share_args, wilson_cc, SCIPY),
    "jeffreys": (share_args, jeffreys, f"beta quantiles, {SCIPY} up to n = 20,000, then {MPMATH}"),
    "agresti_coull": (share_args, confint("agresti_coull"), f"statsmodels {statsmodels.__version__}"),
    "binom_test": (binom_test_args, binom_test, f"{SCIPY} (two-sided, or n up to 20,000), else {MPMATH}"),
    "binom_cdf": (binom_cdf_args, binom_cdf, f"{SCIPY} up to n = 20,000, then {MPMATH}"),
    "hypergeom_cdf": (hypergeom_args, hypergeom_cdf, f"sum of masses, {MPMATH}"),
    "finite_upper": (finite_args, finite_upper, f"bisection on sums of masses, {MPMATH}"),
    "acceptance_number": (lambda r: {"n": some_n(r), "p0": some_p(r), "conf": r.choice(CONF)}, acceptance_number,
                          f"bisection on the binomial tail, {MPMATH}"),
    "min_sample_size": (lambda r: {"c": r.choice([0, 1, 5, some_n(r, 4)]), "p0": 10 ** r.uniform(-5, -0.1), "conf": r.choice(CONF)},
                        min_sample_size, f"bisection on the binomial tail, {MPMATH}"),
    "gate_power": (lambda r: {"n": some_n(r, 6), "p0": 0.05, "conf": r.choice(CONF), "p1": r.uniform(0.03, 0.05)}, gate_power,
                   f"acceptance number by {MPMATH}; tail as binom_cdf"),
    "rogan_gladen": (lambda r: {"ap": r.random(), "se": r.uniform(0.6, 1), "sp": r.uniform(0.6, 1)}, rogan_gladen, "formula"),
    "lang_reiczigel": (lang_args, lang_reiczigel, f"formula of R asht::prevSeSp, {SCIPY}"),
    "ppi_binary": (ppi_args, ppi_binary, "ppi-python 0.2.3 on the expanded vectors"),
    "stratified": (strata_args, stratified, f"formula, {SCIPY}"),
    "neyman": (neyman_args, neyman, "formula"),
    "sprt": (sprt_args, sprt, f"formula, {MPMATH}"),
    "sprt_llr": (llr_args, sprt_llr, f"formula, {MPMATH}"),
    "kappa": (table_args, kappa, f"statsmodels {statsmodels.__version__}"),
    "fleiss": (fleiss_args, fleiss, f"statsmodels {statsmodels.__version__}"),
    "holm": (p_args, adjust("holm"), f"statsmodels {statsmodels.__version__}"),
    "bh": (p_args, adjust("fdr_bh"), f"statsmodels {statsmodels.__version__}"),
    "normal_ppf": (lambda r: {"q": r.choice([r.random(), 10 ** r.uniform(-300, -1), 1 - 10 ** r.uniform(-15, -1)])},
                   lambda q: float(stats.norm.ppf(q)), SCIPY),
    "beta_ppf": (beta_args, lambda q, a, b: cp(q, a, b), f"{SCIPY} up to a + b = 20,000, then {MPMATH}"),
    "betainc": (betainc_args, lambda a, b, x: float(beta_tails(a, b, x)[0]), f"tail integral, {MPMATH}"),
    "chi2_ppf": (lambda r: {"q": r.choice([r.random(), 10 ** r.uniform(-8, 0), 0.9999]), "df": r.choice([r.randrange(1, 200), 10 ** r.uniform(-1, 4)])},
                 chi2_ppf, SCIPY),
    "poisson_upper": (lambda r: {"k": r.choice([0, 1, 2, some_n(r)]), "conf": r.choice(CONF)}, poisson_upper,
                      f"tail integral, {MPMATH}"),
    "beta_binom_cdf": (bb_args, beta_binom_cdf, f"sum of masses, {MPMATH}"),
    "bottom_k": (ids_args, bottom_k, "python hashlib.sha256"),
}


def cases(per_function, seed):
    for name, (arguments, reference, source) in FUNCTIONS.items():
        print(name, file=sys.stderr)
        r = random.Random(f"{seed}/{name}")
        for i in range(per_function):
            args = arguments(r)
            yield {"id": f"{name}-x{i:02}", "fn": name, "args": args, "expected": reference(**args), "source": source}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-function", type=int, default=6)
    parser.add_argument("--seed", default="2026")
    parser.add_argument("--out", default="extra.json")
    options = parser.parse_args()
    document = {
        "about": "Made by make_extra.py. Compare to relative error 1e-9 (absolute 1e-12 near 0); integers, booleans and strings exactly.",
        "cases": list(cases(options.per_function, options.seed)),
    }
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.write("\n")
