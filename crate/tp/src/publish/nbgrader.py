"""Applies nbgrader's own preprocessors to both copies of a lab and prints them as a JSON list of two texts.

Usage: python -c THIS_FILE STUDENT_NOTEBOOK SOLUTION_NOTEBOOK

The list for students is that of `nbgrader generate_assignment`, without what needs a gradebook or other files.
"""

import json
import sys

import nbformat
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)



class Solutions(ClearSolutions):
    """Leaves the answers of closed questions, which publication itself left empty: a stub there would not compile."""

    def preprocess_cell(self, cell, resources, cell_index):
        if "question" in cell.metadata.get("tags", []):
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)


solutions = Solutions()
solutions.code_stub = {"rust": '// VOTRE CODE ICI\ntodo!("À FAIRE");'}
solutions.text_stub = "*Votre réponse ici.*"
student = [
    LockCells(),
    solutions,
    ClearOutput(),
    CheckCellMetadata(),
    ClearHiddenTests(),
    ClearMarkScheme(),
    # Checksums come last: they say what the student was given.
    ComputeChecksums(),
    CheckCellMetadata(),
]
solution = [ClearOutput(), CheckCellMetadata()]

texts = []
for path, steps in zip(sys.argv[1:], [student, solution]):
    with open(path, encoding="utf-8") as file:
        notebook = nbformat.read(file, as_version=4)
    resources = {}
    for step in steps:
        notebook, resources = step.preprocess(notebook, resources)
    texts.append(nbformat.writes(notebook))
print(json.dumps(texts))
