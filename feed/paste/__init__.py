"""What is pasted, as Markdown: the words of a text in the same order, with its links, emphasis, lists, quotations,
headings and tables, and nothing else of the HTML that word processors and browsers put on the clipboard.

tidy makes one kind of HTML of all sources (word: Word's lists; shapes: lists and tables; looks: what is bold). blocks
makes Markdown of it with markdownify, a kept library. spans and writer write the words of each block so that our own
rules for text (prose.py, markdown.py) show them as they were, and units sees to the beginnings of lines. lines joins
what a PDF has broken. All of it runs in a process of its own: process.
"""
