"""Reference values of src/stats/difference.rs where two of ten accounts lack a baseline: the mean of the others stands in for it.

Python 3.11, numpy 2.4.6, scipy 1.17.1.
"""
import numpy as np
from scipy import stats

y = np.array([12.0, 9, 15, 20, 7, 18, 8, 11, 5, 14])
x = np.array([10.0, 8, np.nan, 17, 6, 13, 9, 10, np.nan, 12])
treated = np.arange(10) < 6
x = np.where(np.isnan(x), np.nanmean(x), x)
theta = np.cov(y, x)[0, 1] / x.var(ddof=1)
adjusted = y - theta * (x - x.mean())
a, b = adjusted[treated], adjusted[~treated]
test = stats.ttest_ind(a, b, equal_var=False)
print("difference", repr(a.mean() - b.mean()), "se", repr(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))), "df", repr(test.df), "p", repr(test.pvalue))
