"""Reference values of src/stats/proportion.rs. Python 3.11, statsmodels 0.15.0."""
from statsmodels.stats.proportion import proportion_confint

for reached, n, level in [(842, 8000, 0.95), (0, 50, 0.95), (50, 50, 0.95), (842, 8000, 0.99), (3, 8, 0.95)]:
    print(reached, n, level, [repr(float(end)) for end in proportion_confint(reached, n, alpha=1 - level, method="wilson")])
