"""Reference values of purchase models: CDNOW in whole days, and two subsamples of it.

Usage: customers.py > customers.json. Python 3.11, lifetimes 0.11.3, numpy 2.4.6, scipy 1.17.1, pandas 2.3.3.
The customers are those of tests/data/cdnow; a week is 7 days, a month 4.345 weeks as lifetimes has it.
"""
import json
import os
import warnings

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

warnings.filterwarnings("ignore")
MODELS = {"bg_nbd": BetaGeoFitter, "mbg_nbd": ModifiedBetaGeoFitter, "pareto_nbd": ParetoNBDFitter}


def report(customers):
    x, t_x, t, value = customers.x, customers.t_x, customers.t, customers.value
    repeating = x > 0
    spending = GammaGammaFitter(penalizer_coef=0.0).fit(x[repeating], value[repeating])
    expected = np.where(repeating, spending.conditional_expected_average_profit(x, value), spending.conditional_expected_average_profit(0 * x, 0 * value))
    told = {"customers": len(customers), "gamma_gamma": {k: float(v) for k, v in spending.params_.items()}}
    for name, fitter in MODELS.items():
        model = fitter(penalizer_coef=0.0).fit(x, t_x, t)
        alive = model.conditional_probability_alive(x, t_x, t)
        until = lambda weeks: np.asarray(model.conditional_expected_number_of_purchases_up_to_time(weeks, x, t_x, t), dtype=float)
        months = [until(4.345 * month) for month in range(13)]
        months[0] = np.zeros(len(customers))
        worth = sum((after - before) * expected / 1.01 ** (i + 1) for i, (before, after) in enumerate(zip(months, months[1:])))
        told[name] = {
            "parameters": {k: float(v) for k, v in model.params_.items()},
            "p_alive": float(np.sum(alive)),
            "expected_purchases": float(np.sum(months[12])),
            "expected_value": float(np.sum(expected)),
            "clv": float(np.sum(worth)),
            "first": [[float(alive[i]), float(months[12][i]), float(expected[i]), float(worth[i])] for i in range(3)],
        }
    return told


if __name__ == "__main__":
    folder = os.path.dirname(__file__)
    cdnow = pd.read_csv(os.path.join(folder, "../data/cdnow/customers.csv"))
    cdnow.columns = ["id", "x", "t_x", "t", "value"]
    cdnow["t_x"], cdnow["t"] = np.round(cdnow.t_x * 7) / 7, np.round(cdnow.t * 7) / 7
    place = (cdnow.id * 2654435761 % 2**32) / 2**32
    samples = {"cdnow": cdnow, "third": cdnow[place < 1 / 3], "half": cdnow[place > 0.5]}
    told = {name: report(sample.reset_index(drop=True)) for name, sample in samples.items()}
    print(json.dumps(told, indent=1))
