// What `peaksync jobs init` writes. A test reads it, and that it names every key.
#include "client/job.h"

namespace peaksync::client {

std::string_view JobsTemplate() {
  return R"toml(# Which tables peaksync brings into Braze, and when. `peaksync jobs check` looks at
# all of it, `peaksync sync scores` brings what has changed, `peaksync agent` does so on schedule.
# Lines that begin with # are not read: they show what else there is, most with its default.

# Where locks and the agent's state are. --state-dir wins.
# state_dir = "/var/lib/peaksync-client"      # default: ~/.local/state/peaksync

[service]                                     # flags and PEAKSYNC_… variables win
server = "127.0.0.1:7443"
token_file = "/run/secrets/peaksync-token"    # or token_env = "NAME_OF_A_VARIABLE"
# tenant = "acme"                             # refuses a token of another tenant
# cacert = "/etc/peaksync/ca.pem"             # authorities to trust; means TLS
# cert = "client.pem"                         # a client certificate (mTLS) …
# key = "client.key"                          # … and its key

[databases.warehouse]
kind = "postgresql"                           # postgresql, redshift or odbc
connection = "host=warehouse.example.com dbname=analytics user=peaksync sslmode=verify-full"
# connection_file, connection_env             # instead of connection: the whole string is a secret
password_file = "/run/secrets/warehouse"      # or password_env
# setup = ["SET statement_timeout = '10min'"] # SQL to run after connecting

# Snowflake, with its ODBC driver:
# [databases.snowflake]
# kind = "odbc"
# connection = "Driver=SnowflakeDSIIDriver;Server=x.snowflakecomputing.com;UID=peaksync;Database=ML"
# password_env = "SNOWFLAKE_PASSWORD"

[jobs.scores]                                 # the name of the job: `peaksync sync scores`
# source = "scores"                           # as the service calls it; default: the job's name
# database = "warehouse"                      # needed when there are several
table = "ml.scores"                           # or query = "SELECT …"
id_column = "customer_id"
# id_kind = "external_id"                     # braze_id, email, phone, user_alias:LABEL
updated_at_column = "scored_at"               # when the row was predicted
# columns = ["churn", "ltv"]                  # only these become attributes; default: all others
# exclude = ["run_id"]                        # all but these
# rename = { churn = "churn_risk" }           # column = "attribute in Braze"
# types = { zip = "string" }                  # bool, integer, double, string, timestamp, json
# nulls = "skip"                              # NULL leaves the attribute alone; "unset" removes it
# column_case = "as_is"                       # "lower": Snowflake's upper-case names in lower case
# lookback = "24h"                            # selects from so long before the cursor: late rows
# schedule = "0 2 * * *"                      # of `peaksync agent`: cron's fields, @daily, @weekly
# timezone = "Europe/London"                  # of the schedule, and of times without a zone …
# column_timezone = "UTC"                     # … unless those have another
# tenant = "acme"                             # of this job alone; token_file and token_env too

# A table with one row a value: (customer, attribute, value, time).
# [jobs.features]
# table = "ml.features"
# layout = "long"                             # default: "wide"
# id_column = "customer_id"
# attribute_column = "name"
# value_column = "value"
# updated_at_column = "computed_at"
# types = { churn = "double" }                # of attributes; without an entry a text stays a text
)toml";
}

}  // namespace peaksync::client
