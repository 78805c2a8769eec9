"""The Jupyter project's own conformance tests, on the real kernel. Needs `jupyter_kernel_test` (PyPI).

Skipped, named in advance: none. The protocol's debugger, which these tests do not ask for, is not there.
"""

import os
import unittest

import jupyter_kernel_test


class RustKernel(jupyter_kernel_test.KernelTests):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The start of evcxr is no message's cost.
        cls.kc.execute_interactive("use visages::prelude::*;", timeout=120)

    kernel_name = os.environ.get("TP_NOYAU_NOM", "tp-rust")
    language_name = "Rust"
    file_extension = ".rs"

    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("oups");'
    code_generate_error = 'panic!("aïe")'
    code_execute_result = [{"code": "6 * 7", "result": "42"}]
    code_display_data = [
        {
            "code": 'println!("EVCXR_BEGIN_CONTENT text/html\\n<b>1</b>\\nEVCXR_END_CONTENT"); println!("suite");',
            "mime": "text/html",
        }
    ]
    complete_code_samples = ["1 + 1", 'println!("{}", 1);', "fn f() {\n}"]
    incomplete_code_samples = ["fn f() {", "vec![1,", '"abc']
    invalid_code_samples = ["}", "(]"]
    code_page_something = "?Vec::new"
    code_inspect_sample = "Vec::new"
    code_clear_output = "visages::notebook::clear_output();"
    completion_samples = [{"text": "std::vec::Ve", "matches": {"Vec"}}]
    code_history_pattern = "6*"
    supported_history_operations = ("tail", "range", "search")


if __name__ == "__main__":
    unittest.main()
