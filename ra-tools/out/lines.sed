# SPDX-License-Identifier: BSD-2-Clause
# A text as C strings, a line each: without the blanks before it, without lines that are only a comment.
/^[[:space:]]*\/\*.*\*\/[[:space:]]*$/d
/^[[:space:]]*<!--.*-->[[:space:]]*$/d
s/^[[:space:]]*//
/^$/d
s/["\\]/\\&/g
s/.*/"&\\n",/
