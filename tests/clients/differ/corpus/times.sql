SELECT date_trunc('month', timestamp '2024-02-29 12:34:56'), date_trunc('week', timestamp '2024-02-29'), date_trunc('quarter', date '2024-05-05'), date_trunc('decade', timestamp '2024-02-29'), date_trunc('century', timestamp '2024-02-29'), date_trunc('millennium', timestamp '2024-02-29'), date_trunc('milliseconds', timestamp '2024-02-29 12:34:56.789123'), date_trunc('hour', timestamp '2024-02-29 12:34:56')
SELECT date_trunc('day', timestamptz '2024-03-31 00:30:00+00', 'Europe/Berlin'), date_trunc('month', timestamptz '2024-03-31 23:30:00+00', 'Europe/Berlin'), date_trunc('hour', timestamptz '2024-10-27 01:30:00+00', 'Europe/Berlin')
SELECT date_trunc('fortnight', timestamp '2024-01-01')
SELECT date_trunc('day', interval '3 days 05:06:07'), date_trunc('month', interval '14 months 3 days')
SELECT date_part('year', dt), date_part('month', ts), date_part('dow', dt), date_part('epoch', ts), date_part('isodow', dt), date_part('doy', dt), date_part('week', dt), date_part('isoyear', dt), date_part('quarter', dt) FROM t
SELECT extract(year FROM dt), extract(month FROM ts), extract(dow FROM dt), extract(epoch FROM ts), extract(isodow FROM dt), extract(doy FROM dt), extract(week FROM dt), extract(isoyear FROM dt), extract(quarter FROM ts) FROM t
SELECT extract(second FROM ts), extract(milliseconds FROM ts), extract(microseconds FROM ts), extract(minute FROM ts), extract(hour FROM ts), extract(day FROM ts) FROM t
SELECT extract(epoch FROM tz), extract(hour FROM tz), extract(timezone FROM tz), extract(timezone_hour FROM tz) FROM t
SELECT extract(century FROM dt), extract(decade FROM dt), extract(millennium FROM dt), extract(julian FROM dt) FROM t
SELECT extract(epoch FROM date '2024-01-01'), extract(epoch FROM interval '1 day 02:03:04.5'), extract(day FROM interval '40 days 1 month'), extract(month FROM interval '14 months'), extract(year FROM interval '14 months'), extract(hour FROM interval '30 hours'), extract(epoch FROM interval '1 month'), extract(second FROM interval '61.5 seconds')
SELECT extract(hour FROM date '2024-01-01')
SELECT extract(foo FROM timestamp '2024-01-01')
SELECT date_part('epoch', interval '1 year 2 days')
SELECT date '2024-01-31' + 1, date '2024-01-31' - 1, date '2024-03-01' - date '2024-02-01', 1 + date '2024-01-31', date '2024-01-31' + interval '1 month', date '2024-01-31' - interval '1 hour'
SELECT dt + 1, dt - 1, dt + i, dt - dt, dt - date '2024-01-01' FROM t
SELECT ts + interval '1 month', ts - interval '1 day 1 hour', ts - ts, ts - timestamp '2024-01-01', ts + '1 day' FROM t
SELECT tz + interval '1 day', tz - interval '1 month', tz - timestamptz '2024-01-01 00:00+00' FROM t
SELECT timestamp '2024-03-01' - timestamp '2024-01-01', timestamp '2024-03-01 10:00' - timestamp '2024-03-02 12:30', timestamp '2024-01-31' + interval '1 month', timestamp '2024-03-31' - interval '1 month', timestamp '2024-01-01' + interval '1.5 days'
SELECT ts - dt, dt - ts FROM t
SELECT date '2024-01-01' + time '10:00', time '10:00' + interval '1 hour', time '10:00' - time '09:30', time '23:00' + interval '2 hours'
SELECT interval '1 day' + interval '2 hours', interval '1 month' - interval '1 day', interval '1 day' * 2, interval '1 day' * 1.5, interval '1 month' * 0.5, interval '1 day' / 2, interval '1 hour' / 3, -interval '1 day', 2 * interval '1 day', interval '1 year' / 12
SELECT interval '1 day' > interval '23 hours', interval '1 month' = interval '30 days', interval '24 hours' = interval '1 day', interval '1 year' > interval '364 days'
SELECT interval '1-2', interval '1 2:03', interval '1 day 2 hours 3 minutes 4.5 seconds', interval '-1 day +2 hours', interval 'P1Y2M3DT4H5M6S', interval '1.5 months', interval '1 week', interval '90 minutes', interval '1 day ago', interval '2 years 3 mons', interval '0', interval '100 days', interval '1' day, interval '5' minute, interval '3' month
SELECT interval 'foo'
SELECT age(timestamp '2024-03-31', timestamp '2024-02-29'), age(timestamp '2001-04-10', timestamp '1957-06-13'), age(date '2024-01-01', date '2023-12-31'), age(timestamp '2024-01-01 10:00', timestamp '2024-01-02 12:00')
SELECT age(ts, timestamp '2020-02-29') FROM t
SELECT age(timestamptz '2024-03-01 00:00+00', timestamptz '2024-01-31 00:00+00')
SELECT age(date '2000-01-01') IS NOT NULL
SELECT to_char(timestamp '2024-02-09 15:04:05.678', 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(timestamp '2024-02-09 15:04:05', 'Day DD Month YYYY'), to_char(timestamp '2024-02-09 15:04:05', 'FMDay, DDth FMMonth'), to_char(timestamp '2024-02-09 15:04:05', 'HH12:MI AM'), to_char(timestamp '2024-02-09', 'IYYY-IW-ID'), to_char(timestamp '2024-02-09', 'Q WW DDD D J CC'), to_char(timestamp '2024-02-09 00:04', 'HH:MI pm'), to_char(timestamp '2024-02-09', 'Dy DY dy Mon MON mon'), to_char(timestamp '2024-02-09 15:04:05.123456', 'US SSSS'), to_char(timestamp '2024-02-09', '"Year:" YYYY'), to_char(timestamp '2024-02-09', 'YY Y,YYY'), to_char(date '2024-02-09', 'YYYYMMDD'), to_char(timestamp '2024-02-09', 'RM')
SELECT to_char(tz, 'YYYY-MM-DD HH24:MI:SS TZ'), to_char(tz, 'OF') FROM t
SELECT to_char(interval '15 hours 2 minutes 12 seconds', 'HH24:MI:SS'), to_char(interval '3 days', 'DD')
SELECT to_date('05 Dec 2000', 'DD Mon YYYY'), to_date('2024-02-09', 'YYYY-MM-DD'), to_date('20240209', 'YYYYMMDD'), to_date('2024 60', 'YYYY DDD')
SELECT to_date('2024-02-30', 'YYYY-MM-DD')
SELECT to_date('abc', 'YYYY-MM-DD')
SELECT to_timestamp('05 Dec 2000 10:20', 'DD Mon YYYY HH24:MI'), to_timestamp(1284352323), to_timestamp(1284352323.5), to_timestamp(0)
SELECT to_timestamp('2024-02-09 15:04:05', 'YYYY-MM-DD HH24:MI:SS'), to_timestamp('2024-02-09 03:04 PM', 'YYYY-MM-DD HH12:MI PM')
SELECT make_date(2024, 2, 29), make_timestamp(2024, 2, 29, 12, 30, 5.5), make_interval(1, 2, 3, 4, 5, 6, 7.5), make_interval(days => 10), make_interval(hours => 2, mins => 30), make_time(10, 20, 30.5), make_timestamptz(2024, 2, 29, 12, 30, 0)
SELECT make_date(2024, 2, 30)
SELECT make_date(2023, 13, 1)
SELECT timestamp '2024-03-31 02:30' AT TIME ZONE 'Europe/Berlin', timestamp '2024-10-27 02:30' AT TIME ZONE 'Europe/Berlin', timestamptz '2024-03-31 00:59:59+00' AT TIME ZONE 'Europe/Berlin', timestamptz '2024-03-31 01:00:00+00' AT TIME ZONE 'Europe/Berlin', timestamp '2024-01-01 12:00' AT TIME ZONE 'America/New_York', timestamptz '2024-01-01 12:00+00' AT TIME ZONE '+05:30', timestamptz '2024-01-01 12:00+00' AT TIME ZONE 'UTC'
SELECT ts AT TIME ZONE 'Europe/Berlin', tz AT TIME ZONE 'America/New_York', tz AT TIME ZONE 'UTC' FROM t
SELECT timestamp '2024-01-01' AT TIME ZONE 'Nowhere/City'
SELECT timezone('Europe/Berlin', timestamp '2024-07-01 12:00'), timezone('Europe/Berlin', timestamptz '2024-07-01 12:00+00')
SELECT ts::date, ts::time, tz::date, dt::timestamp, dt::timestamptz, ts::timestamptz, tz::timestamp, ts::text, dt::text, tz::text FROM t
SELECT '2024-01-01'::timestamp, '2024-01-01 10:00'::timestamptz, '2024-01-01 10:00+02'::timestamptz, '2024-01-01 10:00+02'::timestamp, '2024-01-01T10:00:00Z'::timestamptz, 'Jan 5 2024'::date, '01/02/2024'::date, '20240105'::date, '2024-1-5'::date
SELECT '2024-01-01 25:00'::timestamp
SELECT 'infinity'::timestamp, '-infinity'::date, 'epoch'::timestamp
SELECT justify_days(interval '35 days'), justify_hours(interval '27 hours'), justify_interval(interval '1 month -1 hour')
SELECT date_bin('15 minutes', timestamp '2024-02-11 15:44:17', timestamp '2001-01-01'), date_bin('1 day', timestamp '2024-02-11 15:44:17', timestamp '2001-01-01 12:00')
SELECT now() = current_timestamp, current_date = now()::date, localtimestamp = now()::timestamp, clock_timestamp() >= now(), pg_typeof(current_date), pg_typeof(localtimestamp)
SELECT (timestamp '2024-01-01', timestamp '2024-02-01') OVERLAPS (timestamp '2024-01-15', timestamp '2024-03-01'), (date '2024-01-01', interval '10 days') OVERLAPS (date '2024-01-15', date '2024-02-01')
SELECT timestamp '2024-01-01 10:00:00.123456'::timestamp(0), timestamp '2024-01-01 10:00:00.5'::timestamp(0), timestamp '2024-01-01 10:00:00.123456'::timestamp(3)
SELECT date '2024-01-01' < timestamp '2024-01-01 00:00:01', date '2024-01-01' = timestamptz '2024-01-01 00:00:00+00', timestamp '2024-01-01' < timestamptz '2024-01-01 01:00+00'
SELECT date '0001-01-01', date '9999-12-31', timestamp '0044-03-15 BC', timestamp '10000-01-01', date '2024-01-01' + 3000000
SELECT date_part('day', ts - timestamp '2020-01-01'), extract(epoch FROM ts - timestamp '2020-01-01'), extract(epoch FROM (tz - now())) < 0 FROM t
SELECT extract(epoch FROM ts) / 60, extract(year FROM dt) + 1, extract(month FROM dt)::int FROM t
SELECT date_trunc('day', ts) = ts::date, date_trunc('month', dt) FROM t
SELECT date_trunc('month', tz), date_trunc('day', tz), date_trunc('hour', dt) FROM t
SELECT min(ts), max(ts), max(ts) - min(ts), max(dt) - min(dt) FROM t
SELECT dt FROM t WHERE dt >= date '2024-01-01' AND dt < date '2024-01-01' + interval '2 months' ORDER BY dt
SELECT ts FROM t WHERE ts > now() - interval '100 years' ORDER BY ts
SELECT to_char(ts, 'YYYY-MM'), count(*) FROM t GROUP BY 1 ORDER BY 1
SELECT interval '1 day'::text, interval '-1 day -2 hours', interval '1 year 2 mons 3 days 04:05:06.789', interval '-00:00:01', interval '1000 hours', interval '1 day -1 hour'
SELECT ts + i * interval '1 day', ts - make_interval(days => i) FROM t
SELECT ts + (i || ' days')::interval FROM t
SELECT dt + (i * 7) FROM t
SELECT date '2024-01-01' - interval '1 day' = date '2023-12-31'
SELECT extract(dow FROM date '2024-12-29'), extract(week FROM date '2024-12-30'), extract(isoyear FROM date '2024-12-30'), extract(week FROM date '2021-01-03')
SELECT timestamp 'today' = current_date, date 'tomorrow' - date 'yesterday'
SELECT time '10:20:30', time '10:20:30.5', '24:00'::time, timetz '10:20+02', extract(hour FROM time '10:20')
SELECT date_add(timestamp '2024-01-01', interval '1 day')
SELECT timestamp '2024-01-01' + 1
SELECT timestamp '2024-01-01' + date '2024-01-01'
SELECT date '2024-01-01' + date '2024-01-01'
SELECT sum(ts - timestamp '2020-01-01'), avg(ts - timestamp '2020-01-01') FROM t
SELECT date_part('hour', ts), date_part('second', ts), date_part('milliseconds', ts) FROM t
SELECT date_part('years', ts), extract(years FROM ts), date_trunc('months', ts), date_trunc('MONTH', ts) FROM t
SELECT ts::date - dt, age(dt, ts::date) FROM t
SELECT tz AT TIME ZONE 'Europe/Berlin' AT TIME ZONE 'UTC' FROM t
SELECT to_timestamp(extract(epoch FROM tz)) = tz FROM t
SELECT ts BETWEEN '2024-01-01' AND '2024-12-31', dt IN ('2024-01-31', '2024-02-29') FROM t
SELECT ts::varchar, (ts)::date::text || 'x', 'd: ' || dt || ts || tz FROM t
SELECT extract(epoch FROM '2024-01-01'::timestamp), extract(epoch FROM timestamptz '2024-01-01 00:00:00.123456+00')
