"""The computational graph of a purchase: values forward, derivatives backward.

Two apples at 100 each with 10 % tax. What does each quantity do to the total?
"""

import trivium as tv

price = tv.tensor(100.0, name="price")
count = tv.tensor(2.0, name="count")
tax = tv.tensor(1.1, name="tax")

apples = tv.label(price * count, "apples")
total = tv.label(apples * tax, "total")

print(f"total              {total:.6g}")
for target, derivative in zip(
    [total, apples, price, count, tax],
    tv.gradient(total, [total, apples, price, count, tax]),
    strict=True,
):
    print(f"d total / d {target.name:<7}{derivative:.6g}")

tv.insight.draw(total, title="Two apples with tax").save("apples.svg")
print("the picture lies in apples.svg")
