"""Reference values of src/stats/incidence.rs: days of twenty deals that were won (1), lost (2) or are open (0).

Python 3.11, lifelines 0.30.3, numpy 2.4.6. lifelines jitters times at which deals were won and others lost, so there are none.
"""
import math

from lifelines import AalenJohansenFitter

DEALS = [(2, 1), (3, 2), (5, 1), (5, 1), (6, 0), (8, 2), (9, 2), (9, 2), (11, 1), (12, 0), (13, 1), (15, 2), (18, 1), (20, 0),
         (21, 1), (24, 2), (27, 0), (30, 1), (33, 2), (36, 0)]


def report(name, deals, outcome, alpha=0.05):
    days, ends = [day for day, _ in deals], [end for _, end in deals]
    fit = AalenJohansenFitter(alpha=alpha).fit(days, ends, event_of_interest=outcome)
    curve = fit.cumulative_density_.iloc[:, 0]
    last = max(day for day, end in deals if end)
    share = float(curve.loc[last])
    median = next(day for day, value in curve.items() if value >= share / 2 - 1e-9)
    print("==", name, "share", repr(share), "se", repr(math.sqrt(fit.variance_.loc[last])), "ci",
          fit.confidence_interval_.loc[last].tolist(), "median", median)


def by(days):
    return [(min(day, days), end if day <= days else 0) for day, end in DEALS]


report("won", DEALS, 1)
report("lost", DEALS, 2)
report("won by day 10", by(10), 1)
for alpha in (0.05, 0.2):
    report(f"won by day 30, alpha {alpha}", by(30), 1, alpha)
    report(f"lost by day 30, alpha {alpha}", by(30), 2, alpha)
