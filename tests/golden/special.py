"""Reference values of src/stats/special.rs. Python 3.11, mpmath 1.4.1 with 40 digits, compared with scipy 1.17.1."""
import mpmath as mp
from scipy import stats

mp.mp.dps = 40


def t_upper(t, df):
    t, df = mp.mpf(t), mp.mpf(df)
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2


def t_quantile(p, df):
    tail = 1 - mp.mpf(p)
    start = stats.t.ppf(float(p), float(df))
    return mp.findroot(lambda t: t_upper(t, df) - tail, start)


for p, df in [("0.975", "1"), ("0.975", "2"), ("0.975", "6"), ("0.95", "2.5"), ("0.975", "30"), ("0.995", "1000"), ("0.975", "36671.16"),
              ("0.9995", "36671.16"), ("0.975", "1000000"), ("0.975", "100000000")]:
    print("t_quantile", p, df, mp.nstr(t_quantile(p, df), 17), "scipy", repr(stats.t.ppf(float(p), float(df))))
for t, df in [("2", "3"), ("12", "5.5"), ("0.01", "7"), ("5.3", "36671.16"), ("22.6", "36671.16"), ("40", "42000.5"), ("1.5", "100000000"), ("30", "100000000")]:
    print("t_two_sided", t, df, mp.nstr(2 * t_upper(t, df), 17), "scipy", repr(2 * stats.t.sf(float(t), float(df))))
for p in ["0.5", "0.75", "0.9", "0.95", "0.975", "0.995", "0.9999999"]:
    print("normal_quantile", p, mp.nstr(mp.sqrt(2) * mp.erfinv(2 * mp.mpf(p) - 1), 17))
for x in ["0", "0.1", "3.84", "100", "1000"]:
    print("chi_squared_upper(1 df)", x, mp.nstr(mp.erfc(mp.sqrt(mp.mpf(x) / 2)), 17))
