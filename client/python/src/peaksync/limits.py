"""Every bound of the package, in one place. Times are seconds."""

# What the service takes.
BATCH_UPDATES_DEFAULT = 1_000
BATCH_UPDATES_MAX = 5_000
BATCH_BYTES_MAX = 3_500_000  # The service's limit is 4 MiB.
UPDATE_ATTRIBUTES_MAX = 250
UPDATE_OVERHEAD_BYTES = 8  # Tag and length in the batch.
VALUE_DEPTH_MAX = 32
PAGE_SIZE = 200
REJECTIONS_PAGE_SIZE = 512
REJECTIONS_RETRY_CALLS_MAX = 1_000  # 10,000 values each.
MESSAGE_RECEIVE_BYTES_MAX = 8 << 20
TOKEN_BYTES_MAX = 4_096

# The stream. A batch stays in memory until it is acknowledged.
UNACKED_BATCHES_MAX = 16
BATCHES_REMEMBERED_MAX = 2 * UNACKED_BATCHES_MAX  # Their places.
INBOX_MESSAGES_MAX = 64
ODD_BREAKS_MAX = 5  # In a row, of kinds that waiting seldom mends.
BACKOFF_MIN = 0.2
BACKOFF_MAX = 5.0
CONNECT_TIMEOUT = 30.0
UNARY_DEADLINE = 10.0
CHANGE_DEADLINE = 120.0  # Of calls that change much.
GOODBYE_WAIT = 1.0  # For the stream's own end.
KEEPALIVE_TIME_MS = 30_000  # The service allows 15 s.
KEEPALIVE_TIMEOUT_MS = 10_000
RECONNECT_MIN_MS = 100  # gRPC's own, below our backoff.
RECONNECT_MAX_MS = 1_000

# Waiting.
TIMEOUT = 3_600.0
PAUSE_TIMEOUT = 30.0
WATCH_SILENCE_MAX = 30.0  # Then it is asked anew.
TICK = 1.0  # How often progress is told even when nothing changes.
DURATION_MAX = 3_660 * 86_400.0

# Selecting.
LOOKBACK = 86_400.0
FETCH_ROWS = 1_000

# Files.
HEAD_ROWS_MAX = 10_000  # Looked at before anything is sent.
ROW_BYTES_MAX = 8 << 20  # A CSV cell, or a line of JSON.
PROGRESS_ROWS = 1_024
BAR_INTERVAL = 0.1
PLAIN_INTERVAL = 5.0

# What is told.
REFUSED_SHOWN_MAX = 20
REFUSED_LISTED_MAX = 100
BRAZE_REFUSALS_SHOWN_MAX = 20
BRAZE_REFUSALS_LISTED_MAX = 100
COLUMNS_SHOWN_MAX = 20
SHOWN_CHARACTERS_MAX = 40  # Of a customer in a table.
REASON_CHARACTERS_MAX = 100
