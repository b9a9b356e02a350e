"""Token ids by open_clip's tokenizer (with ftfy and regex), for texts that are hard to clean and to split.

Texts that ftfy takes for mojibake are left out: repbench does not repair them.
"""

import random

import ftfy
import open_clip.tokenizer

from golden_file import origin, output_folder, save_json

CHOSEN = [
    "a photo of a cat.", "A  photo of a   CAT!", "hello world!", "it's 2021!!", 'a photo of the number: "7".', "a diagram",
    "itap of a great white shark.", "they'll've we're I'm you'd isn't", "IT'S A DOG'S LIFE", "", " ", "\n\t ", "!", "!!!?!",
    "12345 67.8 %", "1/2 a+b=c", "under_score-hyphen/slash", "e-mail@example.org #tag", "C++ vs. C#",
    "<start_of_text> literal <END_OF_TEXT>", "<|startoftext|><|endoftext|>", "a</w>b </w>", "<\u017ftart_of_text>",
    "x" * 200, "ab" * 150, "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "na\u00efve caf\u00e9 \u2013 fa\u00e7ade", "z\u00fcrich \u00c6\u00d8\u00c5 \u6771\u4eac", "Stra\u00dfe STRASSE \u1e9e",
    "\u0130stanbul \u0131\u0049i", "\u0391\u03a3 \u03a3\u0391\u03a3 \u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3'\u03a3",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\uc548\ub155\ud558\uc138\uc694 \u1112\u1161\u11ab\u1100\u1173\u11af", "\u3053\u3093\u306b\u3061\u306f\u4e16\u754c",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd", "\u2603\ufe0f snow\u2603man",
    "\u00bd \u00be \u00b2 \u2167 \u32bf \u0663", "\U0001d4d7\U0001d4ee\U0001d4f5\U0001d4f5\U0001d4f8", "50% \u2013 60\u20ac \u00d7 2\u00b2",
    "\u201csmart\u201d \u2018quotes\u2019 it\u2019s \u201alow\u201b \u02bctis", "\ufb03 \ufb06 \u0149 \u01c5 \u0132", "\uff46\uff55\uff4c\uff4c\u3000\uff57\uff49\uff44\uff54\uff48 \uff11\uff12",
    "\uff76\uff9e\uff8a\uff9f \uffc2", "e\u0301te\u0301 a\u0323\u0307 \u212b \u0344", "\ufeffbom", "a\u00a0b\u2003c\u205fd\u180ee", "zero\u200bwidth\u200djoin\u00adsoft",
    "\u202eabc\u202c", "line\u2028sep\u2029par\u0085nel\r\nwin\rmac", "\u0093c1\u0094 \u0081", "tab\u0007bell \u001b[31;1mred\u001b[0m \u001b[ \u001bX",
    "nul\u0000inside", "\u0000\u0001\u007f", "\ufffd \ufffe \ufdd0 \U0001ffff", "\u0345 a\u0345",
    "AT&T &ampersand &AMP; &amp;amp;lt;", "&eacute;t&eacute; &quot;q&quot; &#39;a&#39; &notit; &notin;", "&EACUTE; &SZLIG; &FRAC12; &NTILDE; &nTILDE;",
    "&#x41;&#66;&#X43; &#x41 &#66x", "&#0; &#128; &#133; &#xD800; &#x110000; &#99999999999;", "&#59; &#12a; &#; &#x; & ; &&amp;",
    "&CounterClockwiseContourIntegral; &NotEqualTilde; &fjlig; &nvlt;", "&thisnameislongerthananyreferencethatthereis;",
    "&ldquo;curly&rdquo; &hellip;", "<b>&ldquo;curly&rdquo;</b> &EACUTE;", "&rsquo;\n<p>\n&rsquo; &HELLIP;", "1 < 2 &lt; 3 &copy 2024",
]
PARTS = [
    "&", "&amp;", "&lt;", "<", ";", "&Ntilde;", "&NTILDE;", "&#8217;", "&nbsp;", "\r", "\n", "\u2028", "\u0085", "\u001b[1m", "\ufeff",
    "\u200d", "\u017f", "'\u017f", "'S", "'LL", "\u212a", "\u212b", "\u0130", "\u03a3", "\u1e9e", "\ufb03", "\u0149", "\u01c5", "\u2019", "\u201c",
    "\u3000", "\uff11", "\uff76\uff9e", "e\u0301", "\u1100\u1161\u11a8", "\u0344", "<end_of_text>", "</w>", "\u00bd", "\u0663", "\U0001f600",
    "\u0000", "\u007f", " ", "  ", "dog", "it's", "!", "!!", "-", "\u2026", "\u0092", "\ufdd0", "Cat", "12", "\u4e2d\u6587", "\u043c\u0438\u0440",
]


def mixtures(count):
    draw = random.Random(0)
    return ["".join(draw.choice(PARTS) for _ in range(draw.randint(2, 9))) for _ in range(count)]


def is_mojibake(text):
    return ftfy.fix_text(text) != ftfy.fix_text(text, fix_encoding=False)


folder = output_folder(__doc__)
tokenizer = open_clip.tokenizer.SimpleTokenizer()
rows = [{"text": text, "ids": tokenizer.encode(text)} for text in CHOSEN + mixtures(300) if not is_mojibake(text)]
save_json(folder / "clip_tokens.json", {"texts": rows}, origin(__file__, ["open_clip_torch", "ftfy", "regex"]))
