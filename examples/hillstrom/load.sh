#!/bin/sh
# Makes a journey database of an e-mail experiment: load.sh FILES DATABASE, the folder of the files and the one to make.
set -eu
files=$1
database=$2
mapping=$(dirname "$0")

journeydb sql --data "$database" --file "$mapping/staging.sql"
journeydb load --data "$database" public.hillstrom "$files/hillstrom/hillstrom.csv"
journeydb sql --data "$database" --file "$mapping/mapping.sql"
