"""The signs of mathematics: as LaTeX, as Unicode, and what they do to their neighbours."""

from __future__ import annotations

__all__ = [
    "ACCENTS",
    "DOUBLE_STRUCK",
    "FONTS",
    "FUNCTIONS",
    "KINDS",
    "SIGNS",
    "SPACES",
    "SUBSCRIPTS",
    "SUPERSCRIPTS",
]

_GREEK = (
    ("alpha α", "beta β", "gamma γ", "delta δ", "epsilon ϵ", "varepsilon ε", "zeta ζ", "eta η"),
    ("theta θ", "vartheta ϑ", "iota ι", "kappa κ", "lambda λ", "mu μ", "nu ν", "xi ξ", "pi π"),
    ("rho ρ", "sigma σ", "tau τ", "upsilon υ", "phi ϕ", "varphi φ", "chi χ", "psi ψ"),
    ("omega ω", "Gamma Γ", "Delta Δ", "Theta Θ", "Lambda Λ", "Xi Ξ", "Pi Π", "Sigma Σ"),
    ("Upsilon Υ", "Phi Φ", "Psi Ψ", "Omega Ω"),
)
_ORDINARY = {
    **{"\\" + each[:-2]: each[-1] for row in _GREEK for each in row},
    r"\infty": "∞",
    r"\partial": "∂",
    r"\nabla": "∇",
    r"\ell": "ℓ",
    r"\top": "ᵀ",
    r"\ldots": "…",
    r"\dots": "…",
    r"\cdots": "⋯",
    r"\prime": "′",
    r"\ast": "∗",
    r"\%": "%",
    r"\#": "#",
    r"\_": "_",
}
_RELATIONS = {"=": "=", "<": "<", ">": ">", r"\le": "≤", r"\ge": "≥", r"\ne": "≠",
              r"\in": "∈", r"\approx": "≈", r"\to": "→", r"\mid": "|",
              r"\sim": "~"}  # fmt: skip
_SUMS = {"+": "+", "-": "−"}
_PRODUCTS = {r"\odot": "⊙", r"\cdot": "·", r"\times": "×", "/": "/", r"\bmod": "mod",
             r"\circ": "∘", r"\otimes": "⊗", r"\oslash": "⊘"}  # fmt: skip
_LOGIC = {r"\wedge": "∧", r"\vee": "∨", r"\oplus": "⊕", r"\ll": "≪", r"\gg": "≫", r"\&": "&",
          "|": "|"}  # fmt: skip
_COMMAS = {",": ",", ";": ";", ":": ":"}
_BIG = {r"\sum": "Σ", r"\prod": "∏"}
_PREFIXES = {r"\neg": "¬", r"\mathord": "~"}

#: LaTeX → Unicode of everything that is one sign and neither letter nor digit.
SIGNS: dict[str, str] = {
    **_ORDINARY, **_RELATIONS, **_SUMS, **_PRODUCTS, **_LOGIC, **_COMMAS, **_BIG, **_PREFIXES,
}  # fmt: skip

#: What a sign does to its neighbours; letters, digits and the rest do nothing.
KINDS: dict[str, str] = {
    sign: kind
    for kind, signs in (
        ("relation", _RELATIONS),
        ("sum", _SUMS),
        ("product", _PRODUCTS),
        ("logic", _LOGIC),
        ("comma", _COMMAS),
        ("big", _BIG),
        ("prefix", _PREFIXES),
    )
    for sign in signs
}

FUNCTIONS = frozenset(
    {"ln", "log", "exp", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh"}
    | {"tanh", "det", "max", "min", "arg", "dim"}
)
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "widehat": "\u0302",
           "dot": "\u0307", "overline": "\u0304"}  # fmt: skip
FONTS = frozenset({"mathbf", "mathbb", "mathrm", "mathcal", "mathit", "mathsf"})
SPACES = frozenset({r"\,", r"\;", r"\:", r"\!", r"\ ", "~", r"\quad", r"\qquad"})

DOUBLE_STRUCK = {"1": "𝟙", "R": "ℝ", "E": "𝔼", "N": "ℕ", "Z": "ℤ"}

SUPERSCRIPTS = {
    **dict(zip("0123456789+−-=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾", strict=True)),
    **dict(zip("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True)),
    "T": "ᵀ",
    "K": "ᴷ",
    "N": "ᴺ",
    "ᵀ": "ᵀ",
    "′": "′",
}
SUBSCRIPTS = {
    **dict(zip("0123456789+−-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True)),
    **dict(zip("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)),
}
