"""Hillstrom's e-mail experiment, Mens E-Mail against No E-Mail: sufficient statistics and reference values.

Usage: hillstrom.py hillstrom.csv. Python 3.11, numpy 2.4.6, scipy 1.17.1, pandas 2.3.3. The file is the MineThatData challenge's and does not ship.
"""
import sys

import numpy as np
import pandas as pd
from scipy import stats


def report(name, y1, y0, x1=None, x0=None):
    print("==", name)
    for arm, y, x in (("treated", y1, x1), ("control", y0, x0)):
        x = np.zeros_like(y) if x is None else x
        print(arm, "n", len(y), "mean y", repr(y.mean()), "m2 y", repr(((y - y.mean()) ** 2).sum()),
              "mean x", repr(x.mean()), "m2 x", repr(((x - x.mean()) ** 2).sum()), "products", repr(((y - y.mean()) * (x - x.mean())).sum()))
    if x1 is not None:
        y, x = np.concatenate([y1, y0]), np.concatenate([x1, x0])
        theta = np.cov(y, x)[0, 1] / x.var(ddof=1)
        print("theta", repr(theta), "correlation", np.corrcoef(y, x)[0, 1])
        y1, y0 = y1 - theta * (x1 - x.mean()), y0 - theta * (x0 - x.mean())
    test = stats.ttest_ind(y1, y0, equal_var=False)
    interval = test.confidence_interval(0.95)
    error = np.sqrt(y1.var(ddof=1) / len(y1) + y0.var(ddof=1) / len(y0))
    print("difference", repr(y1.mean() - y0.mean()), "se", repr(error), "df", repr(test.df), "ci", repr(interval.low), repr(interval.high), "p", repr(test.pvalue))
    ratio = y1.mean() / y0.mean()
    relative = np.sqrt(y1.var(ddof=1) / len(y1) + ratio**2 * y0.var(ddof=1) / len(y0)) / y0.mean()
    t = stats.t.ppf(0.975, test.df)
    print("relative", repr(ratio - 1), "se", repr(relative), "ci", repr(ratio - 1 - t * relative), repr(ratio - 1 + t * relative))
    print("sample ratio p", repr(stats.chisquare([len(y1), len(y0)]).pvalue))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        data = pd.read_csv(sys.argv[1])
        mens, none = data[data.segment == "Mens E-Mail"], data[data.segment == "No E-Mail"]
        report("visit", mens.visit.to_numpy(float), none.visit.to_numpy(float))
        report("spend", mens.spend.to_numpy(float), none.spend.to_numpy(float))
        report("spend with history", mens.spend.to_numpy(float), none.spend.to_numpy(float), mens.history.to_numpy(float), none.history.to_numpy(float))
    report("ten accounts, correlation above .5",
           np.array([12.0, 9, 15, 20, 7, 18]), np.array([8.0, 11, 5, 14]), np.array([10.0, 8, 11, 17, 6, 13]), np.array([9.0, 10, 6, 12]))
