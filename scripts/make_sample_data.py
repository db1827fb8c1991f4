#!/usr/bin/env python3
"""Writes the sample predictions of examples/: two runs of a churn model over about 1,000 customers.

    ./scripts/make_sample_data.py [FOLDER]     default: examples/

The customers are made up. The second run is a week later: about 30 % of the customers have another
prediction, and a few are new. The output never changes by itself: a test compares it with the files
that are committed.
"""

import pathlib
import sys

CUSTOMERS = 1_000
NEW_CUSTOMERS = 12
CHANGED_PERCENT = 30
RUNS = {
    "predictions-run1.csv": "2026-09-07T02:00:00Z",
    "predictions-run2.csv": "2026-09-14T02:00:00Z",
}
COLUMNS = (
    "external_id",
    "churn_probability",
    "churn_risk",
    "predicted_clv",
    "next_best_offer",
    "senior",
    "tenure_months",
    "scored_at",
)
OFFERS = ("annual_upgrade", "add_on_bundle", "loyalty_discount", "device_renewal", "none")


class Random:
    """SplitMix64: the same numbers on every machine and in every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def below(self, limit):
        return self.next() % limit


def risk_of(millionths):
    return "low" if millionths < 300_000 else "medium" if millionths < 600_000 else "high"


def new_customer(number, random):
    # The smaller of two draws: most customers stay.
    churn = min(random.below(1_000_000), random.below(1_000_000))
    return {
        "external_id": f"C-{number:05d}",
        "churn": churn,  # In millionths.
        "clv": 5_000 + random.below(400_000),  # In cents.
        "offer": OFFERS[random.below(len(OFFERS))],
        "senior": random.below(6) == 0,
        "tenure": random.below(72) + 1,
    }


def score_again(customer, random):
    step = random.below(300_000) - 150_000
    customer["churn"] = min(max(customer["churn"] + step, 1_000), 999_000)
    if random.below(2) == 0:
        customer["clv"] += random.below(20_000) - 8_000
        customer["clv"] = max(customer["clv"], 1_000)
    if random.below(4) == 0:
        customer["offer"] = OFFERS[random.below(len(OFFERS))]


def row_of(customer, scored_at):
    return (
        customer["external_id"],
        f"0.{customer['churn']:06d}",
        risk_of(customer["churn"]),
        f"{customer['clv'] // 100}.{customer['clv'] % 100:02d}",
        customer["offer"],
        "true" if customer["senior"] else "false",
        str(customer["tenure"]),
        scored_at,
    )


def make_files():
    """The files' texts, by name."""
    random = Random(seed=20260907)
    customers = [new_customer(number, random) for number in range(1, CUSTOMERS + 1)]
    texts = {}
    for run, (name, scored_at) in enumerate(RUNS.items()):
        if run > 0:
            for customer in customers:
                if random.below(100) < CHANGED_PERCENT:
                    score_again(customer, random)
            last = CUSTOMERS + NEW_CUSTOMERS
            customers += [new_customer(number, random) for number in range(CUSTOMERS + 1, last + 1)]
        rows = [COLUMNS] + [row_of(customer, scored_at) for customer in customers]
        texts[name] = "".join(",".join(row) + "\n" for row in rows)
    return texts


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "examples"
    if len(sys.argv) > 1:
        folder = pathlib.Path(sys.argv[1])
    for name, text in make_files().items():
        (folder / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
