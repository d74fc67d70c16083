"""Weighted logistic regression on sparse counts, its integer form, and thresholds for a wanted rate of false alarms."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize


def fit(features: sp.csr_matrix, labels: np.ndarray, weights: np.ndarray, l2: float, steps: int) -> tuple[np.ndarray, float]:
    """Weights (one per column) and bias that minimise the weighted mean of the log loss plus `l2/2 · |w|²`."""
    signs = np.where(labels, 1.0, -1.0)
    weights = weights / weights.sum()
    transposed = features.T.tocsr()

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (features @ point[:-1] + point[-1])
        pull = -weights * signs / (1.0 + np.exp(np.clip(margins, -500, 500)))
        gradient = np.empty_like(point)
        gradient[:-1] = transposed @ pull + l2 * point[:-1]
        gradient[-1] = pull.sum()
        return float(weights @ np.logaddexp(0.0, -margins) + 0.5 * l2 * (point[:-1] @ point[:-1])), gradient

    start = np.zeros(features.shape[1] + 1)
    point = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 6}).x
    return point[:-1], float(point[-1])


def quantise(weights: np.ndarray, features: sp.csr_matrix, importance: np.ndarray) -> tuple[np.ndarray, float]:
    """int8 weights in -127..127 and the scale that makes `scale · int8` nearest to `weights` on real texts.

    A few large weights would cost all others their precision, so the largest may be cut; how far is decided by the
    error of the log-odds of `features`, whose rows count by `importance`.
    """
    exact = features @ weights
    best = None
    magnitudes = np.abs(weights[weights != 0])
    for share in (1.0, 0.99995, 0.9999, 0.9998, 0.9995, 0.999):
        scale = float(np.quantile(magnitudes, share)) / 127.0
        integers = np.clip(np.rint(weights / scale), -127, 127).astype(np.int8)
        error = float(np.average((features @ (integers * scale) - exact) ** 2, weights=importance))
        if best is None or error < best[0]:
            best = (error, integers, scale)
    return best[1], best[2]


def thresholds_at(
    scores: np.ndarray, posts: np.ndarray, clean: np.ndarray, posts_rate: float, clean_rate: float
) -> np.ndarray:
    """Per output (column) the smallest score that at most `posts_rate` of the harmless posts and at most `clean_rate`
    of the clean documents reach."""
    result = np.empty(scores.shape[1])
    for column in range(scores.shape[1]):
        result[column] = max(
            _lowest(scores[posts, column], posts_rate),
            _lowest(scores[clean, column], clean_rate),
        )
    return result


def _lowest(values: np.ndarray, rate: float) -> float:
    allowed = int(rate * len(values))
    ordered = np.sort(values)[::-1]
    # Kept with 6 decimals, rounded up: never lower than what was measured.
    return min(1.0, np.ceil(np.nextafter(ordered[allowed], 2.0) * 1e6) / 1e6)


def union_rate(scores: np.ndarray, thresholds: np.ndarray, rows: np.ndarray) -> float:
    """Share of `rows` in which any output reaches its threshold."""
    return float((scores[rows] >= thresholds).any(axis=1).mean())


def calibrate(
    scores: np.ndarray, posts: np.ndarray, clean: np.ndarray, groups: list[np.ndarray],
    posts_limit: float, clean_limit: float, group_limit: float,
) -> np.ndarray:
    """Thresholds for one common rate of false alarms per output, the highest at which the outputs together flag at most
    `posts_limit` of the harmless posts, `clean_limit` of the clean documents and `group_limit` of each group of them."""
    best = None
    # The rate for documents is to that for posts as the limits are.
    for rate in np.geomspace(posts_limit / 100, posts_limit, 120):
        found = thresholds_at(scores, posts, clean, rate, rate * clean_limit / posts_limit)
        if (
            union_rate(scores, found, posts) <= posts_limit
            and union_rate(scores, found, clean) <= clean_limit
            and all(union_rate(scores, found, group) <= group_limit for group in groups)
        ):
            best = found
    if best is None:
        raise SystemExit(f"no thresholds keep false alarms within {posts_limit} of posts and {clean_limit} of documents")
    return best
