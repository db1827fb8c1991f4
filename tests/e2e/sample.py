"""Predictions of a made-up churn model, and what of them changes from run to run."""

import csv
import json
import random

TIME_1 = "2026-09-07T02:00:00Z"
TIME_2 = "2026-09-14T02:00:00Z"
ATTRIBUTES = (
    "churn_probability",
    "churn_risk",
    "predicted_clv",
    "next_best_offer",
    "senior",
    "tenure_months",
)
_OFFERS = ("annual_upgrade", "add_on_bundle", "zażółć, \"gęślą\"", "none")


def first_run(customers=300, seed=1, prefix="C"):
    """external_id -> attribute -> value."""
    rng = random.Random(seed)
    return {f"{prefix}-{number:05d}": _predict(rng) for number in range(customers)}


def next_run(run, seed=2, changed=0.3, new=5):
    """The run a week later: some customers changed, some only by noise, a few are new."""
    rng = random.Random(seed)
    after = {}
    for customer, attributes in run.items():
        attributes = dict(attributes)
        if rng.random() < changed:
            kind = rng.randrange(3)
            if kind == 0:  # Noise, which three digits hide, mostly.
                noisy = attributes["churn_probability"] + rng.uniform(-1e-4, 1e-4)
                attributes["churn_probability"] = min(max(noisy, 0.0), 1.0)
            elif kind == 1:
                attributes["tenure_months"] += 1
                attributes["predicted_clv"] = round(attributes["predicted_clv"] + 1.25, 2)
            else:
                attributes = _predict(rng)
        after[customer] = attributes
    after.update(first_run(new, seed, prefix="NEW"))
    return after


def rounded(run, digits=3):
    """The run with churn_probability as printf writes it."""
    return {
        customer: {
            **attributes,
            "churn_probability": float(f"{attributes['churn_probability']:.{digits}f}"),
        }
        for customer, attributes in run.items()
    }


def count_values(run):
    return sum(len(attributes) for attributes in run.values())


def count_changes(before, after):
    """(customers, values) of `after` that differ from `before`."""
    changes = [
        sum(1 for name, value in attributes.items() if before.get(customer, {}).get(name) != value)
        for customer, attributes in after.items()
    ]
    return sum(1 for values in changes if values), sum(changes)


def write_csv(path, run, scored_at):
    """The run as a file of predictions."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", *ATTRIBUTES, "scored_at"])
        for customer, attributes in run.items():
            cells = [attributes[name] for name in ATTRIBUTES]
            writer.writerow([customer, *cells, scored_at])
    return path


def json_lines(run, scored_at):
    """The run as JSON Lines, one text a line."""
    return [
        json.dumps({"external_id": customer, **attributes, "scored_at": scored_at}) + "\n"
        for customer, attributes in run.items()
    ]


def _predict(rng):
    churn = rng.random()
    return {
        "churn_probability": churn,
        "churn_risk": "low" if churn < 0.3 else "medium" if churn < 0.6 else "high",
        "predicted_clv": rng.randrange(10_000, 900_000) / 100,
        "next_best_offer": rng.choice(_OFFERS),
        "senior": rng.random() < 0.2,
        "tenure_months": rng.randrange(72),
    }
