"""What is pasted, as Markdown: the words of a text in the same order, with its links, emphasis, lists, quotations,
headings and tables, and nothing else of the HTML that word processors and browsers put on the clipboard.

tidy makes one kind of HTML of all sources, with word.py for Word's lists; markdownify, a kept library, makes the blocks
of Markdown of it; and spans writes the words of each block so that our own rules for text (prose.py, markdown.py) show
them as they were. lines joins what a PDF has broken.
"""
