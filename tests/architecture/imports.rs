//! Which file of the source takes names from which: `use` and paths, followed through re-exports to the file that defines a name.

use std::collections::{BTreeMap, BTreeSet};

use crate::testkit::{files_below, short};

/// The source's modules, each with its code and what it hands on of others.
pub(super) struct Source {
    code: BTreeMap<String, String>,
    exports: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Source {
    /// Everything below `src` but the program's own file; tests within files are left out.
    pub(super) fn read() -> Self {
        let mut source = Self { code: BTreeMap::new(), exports: BTreeMap::new() };
        for path in files_below("src", &[".rs"]) {
            let name = short(&path);
            let module = name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
            if module != "main" && module != "lib" {
                let text = std::fs::read_to_string(&path).expect("a source file");
                source.code.insert(module.replace('/', "::"), without_tests(&text));
            }
        }
        for (module, code) in &source.code {
            let exports = uses(code).into_iter().filter(|(public, _)| *public).filter_map(|(_, path)| {
                let path = source.absolute(module, &path)?;
                Some((path.last()?.clone(), path))
            });
            source.exports.insert(module.clone(), exports.collect());
        }
        source
    }

    /// The modules that each module takes names from. A folder's face, its `mod.rs`, may name what is in it and be named by it.
    pub(super) fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        self.code
            .iter()
            .map(|(module, code)| {
                let named =
                    uses(code).into_iter().filter(|(public, _)| !public).map(|(_, path)| path).chain(paths(code));
                let targets = named.filter_map(|path| self.definer(self.absolute(module, &path)?, 0));
                let others = targets.filter(|target| target != module && !module.starts_with(&format!("{target}::")));
                (module.as_str(), others.collect())
            })
            .collect()
    }

    /// A path from the crate's root on.
    fn absolute(&self, module: &str, path: &str) -> Option<Vec<String>> {
        let mut base: Vec<&str> = module.split("::").collect();
        let mut parts = path.split("::").peekable();
        match parts.peek().copied()? {
            "crate" => {
                base.clear();
                parts.next();
            }
            "self" => {
                parts.next();
            }
            "super" => {
                while parts.next_if_eq(&"super").is_some() {
                    base.pop();
                }
            }
            child => {
                self.code.get_key_value(&format!("{module}::{child}"))?;
            }
        }
        Some(base.into_iter().chain(parts).map(str::to_owned).collect())
    }

    /// The module that defines what a path names.
    fn definer(&self, path: Vec<String>, depth: u32) -> Option<&str> {
        let (at, module) =
            (1..=path.len()).rev().find_map(|at| Some((at, self.code.get_key_value(&path[..at].join("::"))?.0)))?;
        match path.get(at).and_then(|name| self.exports.get(module)?.get(name)) {
            Some(further) if depth < 8 => {
                let further = further.iter().chain(&path[at + 1..]).cloned().collect();
                self.definer(further, depth + 1)
            }
            _ => Some(module),
        }
    }
}

/// The groups of modules that reach each other, largest first.
pub(super) fn circles<'m>(arrows: &BTreeMap<&'m str, BTreeSet<&'m str>>) -> Vec<BTreeSet<&'m str>> {
    let reach = |from: &'m str| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(module) = left.pop() {
            for next in arrows.get(module).into_iter().flatten() {
                if seen.insert(*next) {
                    left.push(next);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|module| (*module, reach(module))).collect();
    let mut circles = BTreeSet::new();
    for (module, seen) in &reached {
        let back = |other: &&&str| reached.get(**other).is_some_and(|reached| reached.contains(module));
        let circle: BTreeSet<&str> = seen.iter().filter(back).copied().collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// Code alone: no comments, no texts, and nothing from a file's tests on.
fn without_tests(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Every path of every `use`, groups taken apart, and whether it hands the name on.
fn uses(code: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let Some(at) = statement.rfind("use ") else { continue };
        let line = statement[..at].rsplit('\n').next().unwrap_or_default();
        let before = line.trim();
        if before.is_empty() || (before.starts_with("pub") && !before.contains('{')) {
            let mut paths = Vec::new();
            expand("", statement[at + 4..].trim(), &mut paths);
            found.extend(paths.into_iter().map(|path| (before.starts_with("pub"), path)));
        }
    }
    found
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn expand(base: &str, tree: &str, out: &mut Vec<String>) {
    let Some((head, group)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        if !name.is_empty() {
            out.push(format!("{base}{name}"));
        }
        return;
    };
    let base = format!("{base}{}", head.trim());
    let (mut depth, mut begin) = (0, 0);
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth == 0 => return expand(&base, group[begin..at].trim(), out),
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&base, group[begin..at].trim(), out);
                begin = at + 1;
            }
            _ => {}
        }
    }
}

/// Paths from `crate` or `super` on, or through a module of the file's own, outside of `use`.
fn paths(code: &str) -> impl Iterator<Item = String> {
    let word = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == ':';
    let words = code.split(move |sign| !word(sign)).map(|word| word.trim_matches(':'));
    words.filter(|word| word.contains("::")).map(str::to_owned)
}
