"""Reference values of src/stats/survival.rs and src/stats/log_rank.rs on the waltons data (lifelines, MIT), given as counts.

Python 3.11, lifelines 0.30.3, numpy 2.4.6, scipy 1.17.1. The standard error of the median follows Collett (2003), 2.4.
"""
import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

CONTROL = [(7, 1), (17, 1), (32, 1), (33, 1), (38, 2), (41, 7), (45, 9), (48, 8), (51, 3), (53, 7), (54, 2), (56, 18), (58, 4), (60, 15), (61, 9), (63, 9),
           (66, 3), (68, 9), (69, 12), (75, 1)]
CONTROL_CENSORED = [(7, 1), (45, 1), (60, 1), (61, 2), (68, 1), (69, 1)]
MIR_137 = [(6, 1), (9, 3), (13, 3), (15, 2), (19, 3), (22, 4), (26, 5), (29, 5), (33, 2), (36, 2), (43, 1), (47, 1), (62, 2)]


def report(name, events, censored):
    t = [time for time, n in events for _ in range(n)] + [time for time, n in censored for _ in range(n)]
    e = [1] * sum(n for _, n in events) + [0] * sum(n for _, n in censored)
    km = KaplanMeierFitter().fit(t, e)
    interval = median_survival_times(km.confidence_interval_)
    print("==", name, "n", len(t), "events", sum(e), "median", km.median_survival_time_, "ci", interval.to_numpy().tolist())
    print("quartiles", km.percentile(0.75), km.percentile(0.25))
    for at in (50, 41):
        print("S(%d)" % at, repr(float(km.predict(at))), km.confidence_interval_.loc[:at].iloc[-1].tolist())
    # Collett's standard error, from the curve alone.
    s = km.survival_function_["KM_estimate"]
    times, values = s.index.to_numpy(), s.to_numpy()
    table = km.event_table
    d, n = table["observed"].to_numpy(), table["at_risk"].to_numpy()
    greenwood = np.cumsum(np.where(d > 0, d / (n * np.maximum(n - d, 1e-300)), 0))
    median = times[values <= 0.5 + 1e-9][0]
    upper = times[(values >= 0.55 - 1e-9) & ((d > 0) | (times == 0))].max()
    lower = times[values <= 0.45 + 1e-9].min()
    at = lambda time: values[times == time][0]
    density = (at(upper) - at(lower)) / (lower - upper)
    print("se of the median", repr(float(at(median) * np.sqrt(greenwood[times == median][0]) / density)), "between", upper, lower)


report("all", CONTROL + MIR_137, CONTROL_CENSORED)
report("control", CONTROL, CONTROL_CENSORED)
report("miR-137", MIR_137, [])

# Restricted means, and log-rank tests of two and of three groups.
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import restricted_mean_survival_time


def expand(events, censored):
    t = [time for time, n in events for _ in range(n)] + [time for time, n in censored for _ in range(n)]
    return t, [1] * sum(n for _, n in events) + [0] * sum(n for _, n in censored)


def restricted(name, events, censored, horizon):
    t, e = expand(events, censored)
    km = KaplanMeierFitter().fit(t, e)
    table = km.event_table[(km.event_table.observed > 0) & (km.event_table.index < horizon)]
    s = km.survival_function_["KM_estimate"]
    ends = list(table.index) + [horizon]
    areas = [s.loc[ends[i]] * (ends[i + 1] - ends[i]) for i in range(len(table))]
    behind = np.cumsum(areas[::-1])[::-1]
    d, n = table.observed.to_numpy(), table.at_risk.to_numpy()
    # Klein & Moeschberger (2003), 4.5: of each step, the area behind it.
    error = np.sqrt(sum(a**2 * di / (ni * (ni - di)) for a, di, ni in zip(behind, d, n) if a > 0))
    print("restricted mean of", name, "up to", horizon, repr(float(restricted_mean_survival_time(km, t=horizon))), "se", repr(float(error)))


def test(name, *groups):
    rows = [(t, e, k) for k, (events, censored) in enumerate(groups) for t, e in zip(*expand(events, censored))]
    t, e, k = zip(*rows)
    found = multivariate_logrank_test(t, k, e)
    print("log-rank of", name, repr(float(found.test_statistic)), "df", found.degrees_of_freedom, "p", repr(float(found.p_value)))


restricted("control", CONTROL, CONTROL_CENSORED, 50)
restricted("miR-137", MIR_137, [], 40)
restricted("miR-137", MIR_137, [], 50)
test("control and miR-137", (CONTROL, CONTROL_CENSORED), (MIR_137, []))
THREE = ([(4, 1), (6, 1), (8, 1)], [(9, 1)]), ([(6, 1), (7, 2), (12, 1)], []), ([(11, 1), (15, 1)], [(8, 1), (20, 2)])
test("three tracks", *THREE)
test("the first two of them", *THREE[:2])
