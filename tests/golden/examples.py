"""Expected figures of the example mappings on the made-up files of tests/data: python tests/golden/examples.py

Computed from the files alone; prints the JSON kept in examples.json. Python 3.11, pandas 2.3.3, lifelines 0.30.3, numpy 2.4.6,
scipy 1.17.1.
"""

import json
import pathlib

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from scipy import stats

DATA = pathlib.Path(__file__).parent.parent / "data"


def olist():
    leads = pd.read_csv(DATA / "olist_funnel/olist_marketing_qualified_leads_dataset.csv", parse_dates=["first_contact_date"])
    deals = pd.read_csv(DATA / "olist_funnel/olist_closed_deals_dataset.csv", parse_dates=["won_date"])
    journeys = leads.merge(deals[["mql_id", "won_date"]], how="left", on="mql_id")
    seen_until = max(journeys.won_date.max(), journeys.first_contact_date.max())
    days = (journeys.won_date.fillna(seen_until) - journeys.first_contact_date) / pd.Timedelta(days=1)
    days, won = np.floor(days), journeys.won_date.notna()
    kept = days >= 0
    curve = KaplanMeierFitter().fit(days[kept], won[kept])
    shares = {day: float(1 - curve.predict(day)) for day in (7, 30)}
    return {"leads": int(kept.sum()), "won": int(won[kept].sum()), "left_out": int((~kept).sum()), "converted_by_day": shares}


def maven():
    deals = pd.read_csv(DATA / "maven_crm/sales_pipeline.csv", parse_dates=["engage_date", "close_date"])
    deals = deals[deals.engage_date.notna()]
    won = deals[deals.deal_stage == "Won"]
    days = (won.close_date - won.engage_date).dt.days
    levels = [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]
    count = deals.deal_stage.value_counts()
    return {
        "won": int(count["Won"]),
        "lost": int(count["Lost"]),
        "open": int(count["Engaging"]),
        "days_to_win": np.quantile(days, levels, method="linear").tolist(),
        "mean_won_value": float(won.close_value.mean()),
        "entered_gtx_pro": int(deals["product"].isin(["GTXPro", "GTX Pro"]).sum()),
    }


def welch(treated, control):
    result = stats.ttest_ind(treated, control, equal_var=False)
    interval = result.confidence_interval(0.95)
    error = np.sqrt(treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control))
    return [treated.mean() - control.mean(), error, interval.low, interval.high]


def hillstrom():
    customers = pd.read_csv(DATA / "hillstrom/hillstrom.csv")
    pair = customers[customers.segment.isin(["Mens E-Mail", "No E-Mail"])]
    treated = pair.segment == "Mens E-Mail"
    theta = np.cov(pair.spend, pair.history)[0, 1] / pair.history.var()
    adjusted = pair.spend - theta * (pair.history - pair.history.mean())
    lifts = {"visit": pair.visit, "spend": pair.spend, "spend_adjusted": adjusted}
    return {name: [float(x) for x in welch(values[treated], values[~treated])] for name, values in lifts.items()}


print(json.dumps({"olist": olist(), "maven": maven(), "hillstrom": hillstrom()}, indent=2))
