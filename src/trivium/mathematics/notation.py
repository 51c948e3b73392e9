"""The notation of the field: symbol, meaning, and a call that computes it.

The calls are Python expressions in which ``tv`` is Trivium; whoever shows the table runs them
(``trivium notation``), so a result is never written down here.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["GROUPS", "NOTATION", "Row", "find"]

GROUPS = {
    "numbers": ("Numbers and arrays", "数与数组"),
    "operations": ("Sums, products and choices", "求和、乘积与选择"),
    "matrices": ("Matrices", "矩阵"),
    "calculus": ("Derivatives", "导数"),
    "probability": ("Probability", "概率"),
    "information": ("Information", "信息"),
    "growth": ("Functions and growth", "函数与增长"),
}


class Row(NamedTuple):
    """One symbol: as it is typed, in LaTeX, its meaning in English and Chinese, and a call.

    ``words``: further words by which it is looked up.
    """

    group: str
    symbol: str
    latex: str
    english: str
    chinese: str
    call: str
    words: tuple[str, ...] = ()

    def meaning(self, language: str) -> str:
        """The meaning in "en" or "zh"."""
        return self.chinese if language == "zh" else self.english


# fmt: off
NOTATION: tuple[Row, ...] = (
    Row("numbers", "x", "x", "scalar: one number", "标量：一个数",
        "tv.tensor(3.0)"),
    Row("numbers", "𝐱", r"\mathbf{x}", "vector: numbers along one axis", "向量：一条轴上的数",
        "tv.tensor([1.0, 2.0, 3.0])"),
    Row("numbers", "xᵢ", "x_i", "element i of a vector, counted from 0 in code",
        "向量的第 i 个元素（代码中从 0 数起）",
        "tv.tensor([1.0, 2.0, 3.0])[1]", ("index",)),
    Row("numbers", "X", r"\mathbf{X}", "matrix: rows and columns", "矩阵：行与列",
        "tv.tensor([[1, 2], [3, 4]])"),
    Row("numbers", "𝒳", r"\mathcal{X}", "tensor: any number of axes; here its shape",
        "张量：任意多条轴；此处为其形状",
        "tv.array.zeros((2, 3, 4)).shape"),
    Row("numbers", "I", r"\mathbf{I}", "identity matrix", "单位矩阵",
        "tv.array.eye(2)"),
    Row("numbers", "diag(x)", r"\operatorname{diag}(\mathbf{x})",
        "diagonal matrix of a vector", "对角矩阵",
        "tv.array.eye(2) * tv.tensor([3.0, 4.0])", ("diagonal",)),
    Row("numbers", "0", r"\mathbf{0}", "zero vector", "零向量",
        "tv.array.zeros(3)"),
    Row("numbers", "∈ ℝⁿˣᵐ", r"\in \mathbb{R}^{n \times m}", "shape of a matrix of reals",
        "实矩阵的形状",
        "tv.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).shape", ("shape", "R")),
    Row("numbers", "[x; y]", r"[\mathbf{x}; \mathbf{y}]", "concatenation", "拼接",
        "tv.array.concat([[1, 2], [3]])"),

    Row("operations", "Σ", r"\sum_i x_i", "sum over an index", "求和",
        "tv.array.sum([1, 2, 3, 4])", ("sigma", "sum")),
    Row("operations", "Π", r"\prod_i x_i", "product over an index", "连乘",
        "tv.array.prod([1, 2, 3, 4])", ("pi", "prod")),
    Row("operations", "⊙", r"\mathbf{x} \odot \mathbf{y}",
        "elementwise (Hadamard) product", "逐元素乘积（哈达玛积）",
        "tv.array.multiply([1, 2, 3], [4, 5, 6])", ("odot",)),
    Row("operations", "x · y", r"\mathbf{x} \cdot \mathbf{y}", "dot (inner) product",
        "点积（内积）",
        "tv.array.vecdot([1, 2, 3], [4, 5, 6])", ("dot",)),
    Row("operations", "x ⊗ y", r"\mathbf{x} \otimes \mathbf{y}", "outer product", "外积",
        "tv.linalg.outer([1, 2], [3, 4])", ("otimes",)),
    Row("operations", "𝟙[·]", r"\mathbb{1}[x > 2]", "indicator: 1 where it is true, else 0",
        "指示函数：成立为 1，否则为 0",
        "tv.array.astype(tv.tensor([1, 5, 3]) > 2, tv.int64)", ("1", "iverson")),
    Row("operations", "max", r"\max_i x_i", "largest value", "最大值",
        "tv.array.max([1, 5, 3])"),
    Row("operations", "argmax", r"\arg\max_i x_i", "where the largest value is, from 0",
        "最大值所在的位置（从 0 数起）",
        "tv.array.argmax([1, 5, 3])"),
    Row("operations", "argmin", r"\arg\min_i x_i", "where the smallest value is, from 0",
        "最小值所在的位置（从 0 数起）",
        "tv.array.argmin([4, 5, 3])"),
    Row("operations", "σ(x)", r"\sigma(x)", "logistic sigmoid 1 / (1 + e⁻ˣ)",
        "逻辑斯谛（S 型）函数 1 / (1 + e⁻ˣ)",
        "tv.array.sigmoid(0.0)", ("sigmoid",)),
    Row("operations", "softmax", r"\operatorname{softmax}(\mathbf{x})",
        "probabilities eˣⁱ / Σ eˣʲ from logits", "由对数几率得到的概率 eˣⁱ / Σ eˣʲ",
        "tv.array.softmax([0.0, 0.0, 0.0, 0.0])"),
    Row("operations", "[x]₊", r"\max(0, x)", "positive part (ReLU)", "正部（线性整流）",
        "tv.array.relu([-2.0, 3.0])", ("relu",)),

    Row("matrices", "Xᵀ", r"\mathbf{X}^\top", "transpose", "转置",
        "tv.array.matrix_transpose([[1, 2], [3, 4]])", ("X^T", "T")),
    Row("matrices", "X⁻¹", r"\mathbf{X}^{-1}", "inverse", "逆矩阵",
        "tv.linalg.inv([[2.0, 0.0], [0.0, 4.0]])", ("inv",)),
    Row("matrices", "X⁺", r"\mathbf{X}^{+}", "pseudoinverse (Moore-Penrose)",
        "伪逆（摩尔-彭罗斯逆）",
        "tv.linalg.pinv([[2.0, 0.0], [0.0, 0.0]])", ("pinv",)),
    Row("matrices", "XY", r"\mathbf{X}\mathbf{Y}", "matrix product", "矩阵乘积",
        "tv.tensor([[1, 2], [3, 4]]) @ tv.tensor([[0, 1], [1, 0]])", ("matmul", "@")),
    Row("matrices", "tr(X)", r"\operatorname{tr}(\mathbf{X})", "trace: sum of the diagonal",
        "迹：对角元素之和",
        "tv.linalg.trace([[1, 2], [3, 4]])"),
    Row("matrices", "det(X)", r"\det \mathbf{X}", "determinant", "行列式",
        "tv.linalg.det([[1.0, 2.0], [3.0, 4.0]])", ("|X|",)),
    Row("matrices", "rank(X)", r"\operatorname{rank}(\mathbf{X})",
        "rank: independent rows or columns", "秩：线性无关的行（列）数",
        "tv.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]])"),
    Row("matrices", "λ", r"\mathbf{X}\mathbf{v} = \lambda \mathbf{v}",
        "eigenvalues (of a symmetric matrix)", "特征值（对称矩阵）",
        "tv.linalg.eigvalsh([[2.0, 1.0], [1.0, 2.0]])", ("lambda",)),
    Row("matrices", "σᵢ(X)", r"\sigma_i(\mathbf{X})", "singular values", "奇异值",
        "tv.linalg.svdvals([[3.0, 0.0], [0.0, 4.0]])"),
    Row("matrices", "‖x‖₁", r"\lVert\mathbf{x}\rVert_1", "1-norm: sum of magnitudes",
        "1-范数：绝对值之和",
        "tv.linalg.vector_norm([3.0, -4.0], ord=1)", ("L1", "norm")),
    Row("matrices", "‖x‖₂", r"\lVert\mathbf{x}\rVert_2", "2-norm: Euclidean length",
        "2-范数：欧几里得长度",
        "tv.linalg.vector_norm([3.0, -4.0])", ("L2", "norm")),
    Row("matrices", "‖x‖_∞", r"\lVert\mathbf{x}\rVert_\infty",
        "maximum norm: largest magnitude", "最大范数：最大的绝对值",
        "tv.linalg.vector_norm([3.0, -4.0], ord=float('inf'))", ("norm",)),
    Row("matrices", "‖X‖_F", r"\lVert\mathbf{X}\rVert_F",
        "Frobenius norm: root of the sum of squares", "弗罗贝尼乌斯范数：平方和的平方根",
        "tv.linalg.matrix_norm([[1.0, 2.0], [2.0, 4.0]])", ("norm",)),
    Row("matrices", "X ≈ U S Vᵀ", r"\mathbf{X} \approx \mathbf{U}\mathbf{S}\mathbf{V}^\top",
        "truncated singular value decomposition; here its rank",
        "截断奇异值分解；此处为其秩",
        "tv.linalg.truncated_svd([[3.0, 0.0], [0.0, 0.1]], error=0.1).rank", ("SVD",)),

    Row("calculus", "f′(x)", r"\frac{\mathrm{d}f}{\mathrm{d}x}",
        "derivative; here of x³ at 2", "导数；此处为 x³ 在 2 处",
        "tv.grad(lambda x: x**3)(2.0)", ("d", "df/dx")),
    Row("calculus", "∂f/∂x", r"\frac{\partial f}{\partial x}",
        "partial derivative; here of x²y by x at (3, 5)", "偏导数；此处为 x²y 对 x 在 (3, 5) 处",
        "tv.grad(lambda x, y: x**2 * y)(3.0, 5.0)", ("partial",)),
    Row("calculus", "∇f", r"\nabla f", "gradient: all partial derivatives; here of x·x",
        "梯度：所有偏导数；此处为 x·x",
        "tv.grad(lambda x: x @ x)(tv.tensor([1.0, 2.0]))", ("nabla", "grad")),
    Row("calculus", "J", r"\mathbf{J}", "Jacobian matrix ∂fᵢ/∂xⱼ; here of (xy, x + y)",
        "雅可比矩阵 ∂fᵢ/∂xⱼ；此处为 (xy, x + y)",
        "tv.jacobian(lambda x: tv.array.stack([x[0] * x[1], x[0] + x[1]]))"
        "(tv.tensor([2.0, 3.0]))"),
    Row("calculus", "H", r"\nabla^2 f",
        "Hessian matrix ∂²f/∂xᵢ∂xⱼ; here of x²y (the letter also stands for entropy)",
        "黑塞（海森）矩阵 ∂²f/∂xᵢ∂xⱼ；此处为 x²y（此字母也表示熵）",
        "tv.hessian(lambda x: x[0] ** 2 * x[1])(tv.tensor([1.0, 2.0]))", ("∇²f", "nabla^2")),
    Row("calculus", "J v", r"\mathbf{J}\mathbf{v}",
        "Jacobian-vector product (forward); here of x²", "雅可比-向量积（前向）；此处为 x²",
        "tv.jvp(lambda x: x**2, [tv.tensor([1.0, 2.0])], [tv.tensor([1.0, 0.0])])[1]", ("jvp",)),
    Row("calculus", "vᵀJ", r"\mathbf{v}^\top\mathbf{J}",
        "vector-Jacobian product (backward); here of x²", "向量-雅可比积（反向）；此处为 x²",
        "tv.vjp(lambda x: x**2, tv.tensor([1.0, 2.0]))[1](tv.tensor([0.0, 1.0]))", ("vjp",)),

    Row("probability", "p(x)", "p(x)", "density or probability; here of 2 heads in 5 throws",
        "概率密度或概率；此处为掷五次得两次正面",
        "tv.probability.Binomial(5, 0.5).density(2)", ("density", "P")),
    Row("probability", "F(x)", "F(x)", "distribution function P(X ≤ x)", "分布函数 P(X ≤ x)",
        "tv.probability.Normal(mean=0, sd=1).cdf(0.0)", ("cdf",)),
    Row("probability", "X ∼ 𝒩(μ, σ²)", r"X \sim \mathcal{N}(\mu, \sigma^2)",
        "is distributed as; here 1000 draws and the first moment's error below 0.1",
        "服从分布；此处抽取 1000 次，均值误差小于 0.1",
        "abs(tv.probability.Normal(mean=3, sd=1).sample(1000, seed=0).mean() - 3) < 0.1",
        ("normal", "gaussian", "~")),
    Row("probability", "E[X]", r"\mathbb{E}[X]", "expectation (mean)", "期望（均值）",
        "tv.probability.Poisson(4).mean", ("mu", "μ")),
    Row("probability", "Var[X]", r"\operatorname{Var}[X]", "variance E[(X − E X)²]",
        "方差 E[(X − E X)²]",
        "tv.probability.Normal(mean=1, sd=2).variance", ("sigma^2", "σ²")),
    Row("probability", "Cov[X, Y]", r"\operatorname{Cov}[X, Y]",
        "covariance (here the matrix of both)", "协方差（此处为两者的矩阵）",
        "tv.probability.MultivariateNormal([0, 0], [[4, 3], [3, 9]]).variance", ("Σ",)),
    Row("probability", "ρ", r"\rho", "correlation Cov[X, Y] / √(Var[X] Var[Y])",
        "相关系数 Cov[X, Y] / √(Var[X] Var[Y])",
        "(lambda c: c[0, 1] / (c[0, 0] * c[1, 1]) ** 0.5)"
        "(tv.probability.MultivariateNormal([0, 0], [[4, 3], [3, 9]]).variance)", ("rho",)),
    Row("probability", "ℓ(θ)", r"\ell(\theta)",
        "log-likelihood Σ log p(xᵢ; θ) (natural logarithm)", "对数似然 Σ log p(xᵢ; θ)（自然对数）",
        "tv.array.sum(tv.probability.Bernoulli(0.5).log_density([1, 0, 1]))", ("L", "ell")),

    Row("information", "H(p)", "H(p)", "entropy −Σ p log p, in bits", "熵 −Σ p log p（比特）",
        "tv.information.entropy([0.5, 0.25, 0.25], unit='bits')", ("H",)),
    Row("information", "H(p, q)", "H(p, q)", "cross-entropy −Σ p log q, in bits",
        "交叉熵 −Σ p log q（比特）",
        "tv.information.cross_entropy([0.5, 0.5], [0.25, 0.75], unit='bits')", ("H",)),
    Row("information", "H(X | Y)", r"H(X \mid Y)",
        "conditional entropy, in bits; the rows of the table are X, its columns Y",
        "条件熵（比特）；表的行为 X，列为 Y",
        "tv.information.conditional_entropy([[0.25, 0.25], [0.5, 0.0]], unit='bits')", ("H",)),
    Row("information", "KL(p‖q)", r"D_{\mathrm{KL}}(p \,\Vert\, q)",
        "Kullback-Leibler divergence Σ p log(p / q), in bits",
        "KL 散度（相对熵）Σ p log(p / q)（比特）",
        "tv.information.kl_divergence([1.0, 0.0], [0.25, 0.75], unit='bits')", ("D_KL", "KL")),
    Row("information", "I(X; Y)", r"I(X; Y)", "mutual information, in bits", "互信息（比特）",
        "tv.information.mutual_information([[0.5, 0.0], [0.0, 0.5]], unit='bits')", ("MI",)),

    Row("growth", "O(nᵏ)", r"O(n^k)",
        "grows at most as nᵏ; here operations of an n × n matrix product, n = 8, 16, 32: "
        "O(n³), 8 times as many when n doubles",
        "增长不超过 nᵏ；此处为 n × n 矩阵乘积的运算次数，n = 8、16、32：O(n³)，n 加倍则为 8 倍",
        "[tv.Program([x := tv.input((n, n))], x @ x).explain().flops for n in (8, 16, 32)]",
        ("O", "big-O", "big O")),
    Row("growth", "log", r"\ln x", "natural logarithm", "自然对数",
        "tv.array.log(1.0)", ("ln",)),
    Row("growth", "exp", r"e^x", "exponential function", "指数函数",
        "tv.array.exp(0.0)", ("e",)),
)
# fmt: on


def find(text: str) -> tuple[Row, ...]:
    """The rows of a symbol; else those with it as a part; else with ``text`` in a meaning.

    A letter of a symbol is itself: σ finds σ(x) and σᵢ(X), and not Σ. Plain letters and words
    count alike in capitals where nothing is written exactly so.
    """
    wanted = text.strip().casefold()
    if not wanted:
        return ()
    exact = tuple(row for row in NOTATION if text.strip() in (row.symbol, *row.words))
    if exact:
        return exact
    if not text.strip().isascii():
        within = tuple(row for row in NOTATION if text.strip() in row.symbol)
        if within:
            return within
    named = tuple(
        row for row in NOTATION if wanted in (w.casefold() for w in (row.symbol, *row.words))
    )
    if named:
        return named
    return tuple(
        row
        for row in NOTATION
        if any(
            wanted in part.casefold()
            for part in (row.symbol, row.english, row.chinese, *row.words)
        )
    )
