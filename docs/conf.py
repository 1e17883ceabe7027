"""The documentation as a site: `make site` builds it with Sphinx, from the same pages that are read in the repository.

Owns: what the generator is told. Does not own: any text.
"""

from importlib.metadata import version as version_of

project = "Waypost"
version = release = version_of("waypost")
extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 4
"""Headings are link targets, by the names that code forges give them."""
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**"]
html_extra_path = ["site"]
html_theme = "furo"
html_title = f"Waypost {version}"
html_copy_source = False
html_show_copyright = False
html_favicon = "../tracker/pages/static/waypost.svg"
copybutton_prompt_text = r"[$#] "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
