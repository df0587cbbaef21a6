"""Reference values of src/stats/satisfaction.rs: the plain formulas, in Python 3.11 with scipy 1.17.1 for the normal quantile."""
from math import sqrt

from scipy import stats


def score(promoters, detractors, n):
    p, d = promoters / n, detractors / n
    return 100 * (p - d), 100 * sqrt((p + d - (p - d) ** 2) / n)


z = stats.norm.ppf(0.975)
for promoters, detractors, n in [(50, 20, 100), (10, 0, 10), (3, 2, 6)]:
    estimate, error = score(promoters, detractors, n)
    centre, adjusted = score(promoters + 0.75, detractors + 0.75, n + 3)
    print(promoters, detractors, n, "nps", repr(estimate), "se", repr(error), "ci", repr(centre - z * adjusted), repr(centre + z * adjusted))
