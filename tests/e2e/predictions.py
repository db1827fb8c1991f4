"""Five runs of a made-up churn model over the customers of a telephone company."""

import random

CUSTOMERS = 7043
COLUMNS = (
    "churn_probability double precision, churn_risk text, predicted_clv numeric(10,2),"
    " next_best_offer text, senior boolean, tenure_months integer"
)
NAMES = tuple(column.split()[0] for column in COLUMNS.split(", "))
_OFFERS = ("annual_upgrade", "add_on_bundle", "paperless", "none")


def _predict(rng):
    churn = rng.random()
    return {
        "churn_probability": churn,
        "churn_risk": "low" if churn < 0.3 else "medium" if churn < 0.6 else "high",
        "predicted_clv": rng.randrange(100, 900_000) / 100,
        "next_best_offer": rng.choice(_OFFERS),
        "senior": rng.random() < 0.16,
        "tenure_months": rng.randrange(1, 73),
    }


def first_week(seed=1):
    """customer -> attribute -> value."""
    rng = random.Random(seed)
    ids = rng.sample(range(10_000), CUSTOMERS)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return {
        f"{number:04d}-{''.join(rng.choice(letters) for _ in range(5))}": _predict(rng)
        for number in ids
    }


def next_week(week, seed, changed=0.25):
    """A quarter is predicted anew; all others have aged by nothing that the model sees."""
    rng = random.Random(seed)
    return {
        customer: _predict(rng) if rng.random() < changed else dict(values)
        for customer, values in week.items()
    }


def with_noise(week, seed):
    """The same predictions by a model that was trained again: noise in the fifth digit."""
    rng = random.Random(seed)
    after = {}
    for customer, values in week.items():
        noisy = min(1.0, max(0.0, values["churn_probability"] + rng.uniform(-4e-5, 4e-5)))
        after[customer] = {**values, "churn_probability": noisy}
    return after


def rounded(week, digits):
    """As `round` sends it: as printf writes it."""
    return {
        customer: {
            **values, "churn_probability": float(f"{values['churn_probability']:.{digits}f}")
        }
        for customer, values in week.items()
    }
