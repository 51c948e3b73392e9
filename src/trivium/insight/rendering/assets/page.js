// The page of a derivation: sets the formulas, and links equations and graph to each other.
"use strict";
(() => {
    for (const place of document.querySelectorAll(".math[data-tex]")) {
        const text = place.textContent;
        const inEquation = place.closest(".formula") !== null;
        try {
            // Not in display mode: there KaTeX never breaks a line, and phones are narrow.
            katex.render((inEquation ? "\\displaystyle " : "") + place.dataset.tex, place, {
                output: "htmlAndMathml",
                throwOnError: true,
                strict: "ignore",
            });
        } catch (error) {
            place.textContent = text;
            place.classList.add("untypeset");
            place.title = error.message;
        }
    }

    const canvas = document.querySelector(".canvas");
    if (!canvas) {
        return;
    }
    const graph = canvas.querySelector("svg");
    const equations = [...document.querySelectorAll(".equation")];
    const nodes = new Map();
    for (const node of graph.querySelectorAll(".node")) {
        nodes.set(node.dataset.key, node);
    }
    const edges = [...graph.querySelectorAll(".edge")];
    const reads = (equation) => equation.dataset.reads.split(" ").filter(Boolean);

    function clear() {
        graph.classList.remove("dimmed");
        for (const lit of document.querySelectorAll(".lit, .defined")) {
            lit.classList.remove("lit", "defined");
        }
    }

    function light(defined, others) {
        clear();
        const center = nodes.get(defined);
        if (!center) {
            return;
        }
        graph.classList.add("dimmed");
        center.classList.add("lit", "defined");
        for (const key of others) {
            nodes.get(key)?.classList.add("lit");
        }
        for (const edge of edges) {
            const { from, to } = edge.dataset;
            const touches = (from === defined && others.includes(to)) ||
                (to === defined && others.includes(from));
            edge.classList.toggle("lit", touches);
        }
    }

    function lightEquation(equation) {
        light(equation.dataset.defines, reads(equation));
        equation.classList.add("lit");
    }

    function lightNode(key) {
        const neighbours = edges
            .filter((edge) => edge.dataset.from === key || edge.dataset.to === key)
            .map((edge) => (edge.dataset.from === key ? edge.dataset.to : edge.dataset.from));
        light(key, neighbours);
        for (const equation of equations) {
            if (equation.dataset.defines === key || reads(equation).includes(key)) {
                equation.classList.add("lit");
            }
        }
    }

    // Scrolls the graph in its own box; the page stays where the reader left it.
    function bringIntoSight(key) {
        const box = nodes.get(key)?.getBoundingClientRect();
        const frame = canvas.getBoundingClientRect();
        if (!box || !frame.height) {
            return;
        }
        const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
        canvas.scrollBy({
            top: box.top + box.height / 2 - frame.top - frame.height / 2,
            left: box.left + box.width / 2 - frame.left - frame.width / 2,
            behavior: still ? "auto" : "smooth",
        });
    }

    // What the pointer is on counts; without a pointer, what has the focus.
    function settle() {
        const equation = document.activeElement?.closest(".equation");
        const node = document.activeElement?.closest(".node");
        if (equation) {
            lightEquation(equation);
        } else if (node) {
            lightNode(node.dataset.key);
        } else {
            clear();
        }
    }

    for (const equation of equations) {
        const show = () => {
            lightEquation(equation);
            bringIntoSight(equation.dataset.defines);
        };
        equation.addEventListener("mouseenter", show);
        equation.addEventListener("focusin", show);
        equation.addEventListener("mouseleave", settle);
        equation.addEventListener("focusout", () => setTimeout(settle));
    }
    for (const [key, node] of nodes) {
        node.addEventListener("mouseenter", () => lightNode(key));
        node.addEventListener("focusin", () => lightNode(key));
        node.addEventListener("mouseleave", settle);
        node.addEventListener("focusout", () => setTimeout(settle));
    }
})();
