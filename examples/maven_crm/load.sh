#!/bin/sh
# Makes a journey database of a sales pipeline: load.sh FILES DATABASE, the folder of the files and the one to make.
set -eu
files=$1
database=$2
mapping=$(dirname "$0")

journeydb sql --data "$database" --file "$mapping/staging.sql"
journeydb load --data "$database" public.maven_accounts "$files/maven_crm/accounts.csv"
journeydb load --data "$database" public.maven_sales_teams "$files/maven_crm/sales_teams.csv"
journeydb load --data "$database" public.maven_opportunities "$files/maven_crm/sales_pipeline.csv"
journeydb sql --data "$database" --file "$mapping/mapping.sql"
