"""Reference values of src/stats/moments.rs. Python 3.11, numpy 2.4.6, scipy 1.17.1."""
import numpy as np
from scipy import stats

x = np.array([9.0, 7, 10, 4, 8, 8, 6])
error = stats.sem(x)
print("mean", repr(x.mean()), "se", repr(error), "ci", stats.t.interval(0.95, len(x) - 1, x.mean(), error))
