"""The sync step: what changed in the predictions' table since the last successful sync, to Braze.

Everything comes from the environment, as workflow.yaml sets it:

    PEAKSYNC_SERVER, PEAKSYNC_TENANT, PEAKSYNC_TOKEN    the service; read by the package itself
    WAREHOUSE_DRIVER     a DB-API module, default snowflake.connector
    WAREHOUSE_CONNECT    what its connect() takes, as a JSON object; a secret
    PREDICTIONS_TABLE    a table or a SELECT
    PREDICTIONS_SOURCE   the source's name, such as churn
    PREDICTIONS_ID, PREDICTIONS_TIME    columns: the customer, and when the row was predicted
    PREDICTIONS_ZONE     the zone of times that have none, default UTC
    PREDICTIONS_CASE     `lower` (default) for Snowflake, empty for other databases
    PEAKSYNC_RESULT      where the result goes for the next step, default result.json

Exit status: 0 done, 1 try again, 2 to 5 a person must look. The workflow retries on 1 alone.
"""

import contextlib
import importlib
import json
import os

import peaksync


def connect():
    """A connection to the warehouse. A warehouse out of reach ends the step with 1."""
    driver = importlib.import_module(os.environ.get("WAREHOUSE_DRIVER", "snowflake.connector"))
    return driver.connect(**json.loads(os.environ["WAREHOUSE_CONNECT"]))


def show(progress):
    if progress.trouble:
        print(progress, flush=True)


def sync(connection):
    return peaksync.sync(
        connection,
        os.environ["PREDICTIONS_TABLE"],
        source=os.environ["PREDICTIONS_SOURCE"],
        id=os.environ["PREDICTIONS_ID"],
        updated_at=os.environ["PREDICTIONS_TIME"],
        timezone=os.environ.get("PREDICTIONS_ZONE", "UTC"),
        column_case=os.environ.get("PREDICTIONS_CASE", "lower") or None,
        timeout=os.environ.get("PEAKSYNC_TIMEOUT", "50m"),  # Less than the step's own.
        progress=show,
    )


def keep(result):
    """For people, and for the next step."""
    print(result, flush=True)
    result.write_json(os.environ.get("PEAKSYNC_RESULT", "result.json"))


def main():
    with peaksync.step():
        try:
            with contextlib.closing(connect()) as connection:
                keep(sync(connection))
        except peaksync.PeakSyncError as error:
            if error.result is not None:
                keep(error.result)
            raise


if __name__ == "__main__":
    main()
