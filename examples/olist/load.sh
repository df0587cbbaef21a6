#!/bin/sh
# Makes a journey database of Olist's public data: load.sh FILES DATABASE, the folder of the files and the one to make.
set -eu
files=$1
database=$2
mapping=$(dirname "$0")

journeydb sql --data "$database" --file "$mapping/staging.sql"
journeydb load --data "$database" public.olist_leads "$files/olist_funnel/olist_marketing_qualified_leads_dataset.csv"
journeydb load --data "$database" public.olist_closed_deals "$files/olist_funnel/olist_closed_deals_dataset.csv"
journeydb load --data "$database" public.olist_sellers "$files/olist/olist_sellers_dataset.csv"
journeydb load --data "$database" public.olist_customers "$files/olist/olist_customers_dataset.csv"
journeydb load --data "$database" public.olist_orders "$files/olist/olist_orders_dataset.csv"
journeydb load --data "$database" public.olist_order_items "$files/olist/olist_order_items_dataset.csv"
journeydb load --data "$database" public.olist_reviews "$files/olist/olist_order_reviews_dataset.csv"
journeydb sql --data "$database" --file "$mapping/mapping.sql"
