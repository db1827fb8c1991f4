"""A little SVG, enough for the plots of scripts/plot_bench.py: texts, bars and lines on white."""

import html
import math

COLORS = [
    *("#2f6db3", "#d9822b", "#4c9a5b", "#8e63ab", "#b8484e"),
    *("#6b7280", "#c2a83e", "#3aa6a0", "#e39ab5", "#7d5a3c"),
]
INK = "#222222"
FAINT = "#d5d8dc"


class Svg:
    """A drawing of a width and a height in pixels."""

    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="sans-serif" font-size="13" '
            'role="img">',
            f"<title>{html.escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
        ]
        self.text(12, 22, title, size=15, bold=True)

    def text(self, x, y, text, anchor="start", size=13, bold=False, color=INK):
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
            f'{weight} fill="{color}">{html.escape(text)}</text>'
        )

    def bar(self, x, y, width, height, color):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" '
            f'fill="{color}"/>'
        )

    def line(self, points, color=FAINT, width=1, dashed=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"{dash}/>'
        )

    def done(self):
        return "\n".join([*self.parts, "</svg>"]) + "\n"


def ticks(most, about=7):
    """From 0 to `most` or a little less, in steps of 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return [0]
    power = 10.0 ** math.floor(math.log10(most / about))
    step = next(factor * power for factor in (1, 2, 5, 10) if most / (factor * power) <= about)
    return [step * i for i in range(int(most / step + 1e-9) + 1)]


def short(value):
    """1,500,000 as 1.5 M, 75,000 as 75 k."""
    for limit, unit in ((1_000_000, " M"), (1_000, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"
