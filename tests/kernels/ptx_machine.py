"""A machine that runs the kernels' PTX, one instruction after another, without a GPU: what the sources were compiled to,
and not the sources. It knows the instructions that the kernels use and no other; one that it does not know is an error.

Each thread is a Python generator that is made of the PTX's text. It stops where threads meet (barriers, shuffles, votes,
tensor cores) and at every atomic operation; which thread goes on is drawn by lot, so that what depends on an order shows.
All registers hold bits: a float is the number that its 32 bits make. Rounding is exact (fractions), by no help of the
hardware that this runs on.
"""

import math
import random
import re
import struct
from fractions import Fraction

LANES = 32
# Where each state space begins among generic addresses.
SPACES = {"global": 0, "shared": 1 << 40, "local": 2 << 40, "const": 3 << 40}


class Fault(Exception):
    """The PTX does what no kernel may: an unknown instruction, a place outside of its memory, threads that never meet."""


class Memory:
    def __init__(self, size, name):
        self.bytes, self.name = bytearray(size), name

    def load(self, address, size):
        self.check(address, size)
        return int.from_bytes(self.bytes[address:address + size], "little")

    def store(self, address, size, value):
        self.check(address, size)
        self.bytes[address:address + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def check(self, address, size):
        if address < 0 or address + size > len(self.bytes) or address % size:
            raise Fault(f"{size} bytes at {address:#x} of {self.name} memory, which has {len(self.bytes)}")


class Global:
    """Buffers by their addresses."""

    def __init__(self, buffers):
        self.buffers = buffers

    def find(self, address, size):
        for base, memory in self.buffers.items():
            if base <= address < base + len(memory.bytes):
                return memory, address - base
        raise Fault(f"{size} bytes at {address:#x} of global memory, where there is no buffer")

    def load(self, address, size):
        memory, place = self.find(address, size)
        return memory.load(place, size)

    def store(self, address, size, value):
        memory, place = self.find(address, size)
        memory.store(place, size, value)


# Numbers and their bits.

def signed(value, width):
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value


FORMATS = {16: ("<e", "<H", 11, -14), 32: ("<f", "<I", 24, -126), 64: ("<d", "<Q", 53, -1022)}


def number_of(bits, width):
    shown, raw, _, _ = FORMATS[width]
    return struct.unpack(shown, struct.pack(raw, bits))[0]


def bits_of(value, width):
    """The nearest number of that width, ties to even; of a Fraction or of anything that is one exactly."""
    shown, raw, digits, least = FORMATS[width]
    exact = Fraction(value)
    if exact == 0:
        negative = isinstance(value, float) and math.copysign(1, value) < 0
        return (1 << (width - 1)) if negative else 0
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, least) - digits + 1)
    rounded = round(size / unit) * unit  # Python's round of a Fraction goes to even
    sign = (1 << (width - 1)) if exact < 0 else 0
    if rounded >= Fraction(2) ** (2 - least):
        return sign | struct.unpack(raw, struct.pack(shown, math.inf))[0]
    return sign | struct.unpack(raw, struct.pack(shown, float(rounded)))[0]


def arithmetic(name, width, *operands):
    values = [number_of(bits, width) for bits in operands]
    if not all(math.isfinite(value) for value in values):
        return (1 << (width - 1)) - 1  # no number: no kernel needs one, but some compute what they then throw away
    exact = [Fraction(value) for value in values]
    if name == "sqrt":  # with more digits than any format has; a square root never lies between two of them
        scaled = exact[0] * Fraction(4) ** 200
        root = math.isqrt(scaled.numerator // scaled.denominator)
        sticky = 0 if root * root * scaled.denominator == scaled.numerator else Fraction(1, 2)
        return bits_of((root + sticky) / Fraction(2) ** 200, width)
    result = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
              "div": lambda a, b: a / b, "fma": lambda a, b, c: a * b + c}[name](*exact)
    return bits_of(result, width)


def halves(name, *operands):
    low = arithmetic(name, 16, *(bits & 0xFFFF for bits in operands))
    return low | arithmetic(name, 16, *(bits >> 16 for bits in operands)) << 16


def truncated(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def permuted(a, b, which):
    both = (b << 32 | a).to_bytes(8, "little")
    picks = [which >> 4 * byte & 15 for byte in range(4)]
    if any(pick > 7 for pick in picks):
        raise Fault("prmt that spreads a sign")
    return int.from_bytes(bytes(both[pick] for pick in picks), "little")


def bytes_multiplied(a, b, total):
    return total + sum(x * y for x, y in zip(a.to_bytes(4, "little"), b.to_bytes(4, "little")))


COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "ge": ">=", "le": "<="}
ATOMICS = {
    "add.u32": lambda old, new: old + new,
    "add.f32": lambda old, new: arithmetic("add", 32, old, new),
    "min.s32": lambda old, new: min(old, new, key=lambda bits: signed(bits, 32)),
    "max.u32": max,
    "or.b32": lambda old, new: old | new,
    "and.b32": lambda old, new: old & new,
    "xor.b32": lambda old, new: old ^ new,
    "inc.u32": lambda old, new: 0 if old >= new else old + 1,
    "exch.b32": lambda old, new: new,
}


def width_of(kind):
    return int(re.sub(r"^[a-z]+", "", kind))


class Translator:
    """Makes the source of one thread, a generator, of a PTX text."""

    def __init__(self, text):
        self.text = text
        self.places = {}  # of variables, in their spaces
        self.sizes = {"shared": 0, "local": 0, "const": 0}
        self.constants = []
        self.lines = []
        self.labels = {}

    def operand(self, text, width=64):
        text = text.strip()
        if text in self.places:
            return str(self.places[text])
        special = {"%tid.x": "tid", "%ctaid.x": "ctaid", "%ntid.x": "ntid"}
        if text in special:
            return special[text]
        if re.fullmatch(r"-?(0x[0-9A-Fa-f]+|\d+)", text):
            return str(int(text, 0) & (1 << width) - 1)
        if match := re.fullmatch(r"0[fd]([0-9A-F]+)", text):
            return str(int(match[1], 16))
        if re.fullmatch(r"%?[A-Za-z]\w*", text):
            return "v_" + text.lstrip("%")
        raise Fault(f"operand {text}")

    def address(self, text):
        match = re.fullmatch(r"\[([^+\]]+)(?:\+(-?\d+))?\]", text.strip())
        return f"({self.operand(match[1])} + {match[2] or 0})"

    def declare(self, statement):
        match = re.match(r"\.(?:visible )?(?:extern )?\.?(shared|local|const) \.align (\d+) \.b8 (\w+)\[(\d*)\](?: = \{([^}]*)\})?",
                         statement.replace(".visible ", "").replace(".extern ", ""))
        if not match:
            raise Fault(f"declaration {statement}")
        space, align, name, size, values = match[1], int(match[2]), match[3], int(match[4] or 0), match[5]
        place = -(-self.sizes[space] // align) * align
        self.places[name] = place
        self.sizes[space] = place + size
        if values:
            self.constants.append((place, bytes(int(value) for value in values.split(","))))

    def translate(self):
        head, body = re.match(r"(.*?)\.visible \.entry (?:\w+)\([^)]*\)\s*\{(.*)\}\s*$", self.text, re.S).groups()
        for statement in head.split(";"):
            statement = statement.strip()
            statement = re.sub(r"^(\.(version|target|address_size) \S+\s+)*", "", statement + "\n").strip()
            if statement and not statement.startswith(".pragma"):
                self.declare(statement)
        blocks = [[]]
        for statement in body.split(";"):
            statement = re.sub(r"\s+", " ", statement).strip()
            while match := re.match(r"([{}]|(\w+):)\s*", statement):
                if match[2]:
                    blocks.append([])
                    self.labels[match[2]] = len(blocks) - 1
                statement = statement[match.end():]
            if statement.startswith((".local", ".shared")):
                self.declare(statement)
            elif statement and not statement.startswith((".reg", ".pragma")):
                blocks[-1].append(statement)
        code = ["def thread(machine, tid, ctaid, ntid, shared, local):", "  block = 0", "  yield ('step',)", "  while True:"]
        for number, statements in enumerate(blocks):
            code.append(f"    {'el' if number else ''}if block == {number}:")
            for statement in statements:
                guard = ""
                if match := re.match(r"@(!?)(%?\w+) ", statement):
                    code.append(f"      if {'not ' if match[1] else ''}{self.operand(match[2])}:")
                    guard, statement = "  ", statement[match.end():]
                code += [f"      {guard}{line}" for line in self.instruction(statement)]
            code += [f"      block = {number + 1}", "      continue"]
        return "\n".join(code)

    def instruction(self, statement):
        name, _, rest = statement.partition(" ")
        parts = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,]+", rest.replace(" ", ""))
        kind = name.split(".")
        op, type_ = kind[0], kind[-1]
        if name in ("bra", "bra.uni"):
            return [f"block = {self.labels[parts[0]]}", "continue"]
        if name == "ret":
            return ["return"]
        if name == "bar.sync":
            return ["yield ('barrier',)"]
        if op == "wmma":
            return self.tensor(kind, parts)
        if op in ("ld", "st"):
            return self.access(kind, parts)
        if op == "atom":
            return self.atomic(kind, parts)
        if op in ("shfl", "vote", "match"):
            result, *operands = (self.operand(part, 32) for part in parts)
            return [f"{result} = yield ('{op}', '{kind[2]}', {', '.join(operands)})"]
        if op == "setp":
            return self.compare(kind, parts)
        width = 1 if type_ == "pred" else 32 if type_ == "f16x2" else width_of(type_)
        result = self.operand(parts[0])
        values = [self.operand(part, width if op not in ("shl", "shr", "bfe", "shf") else 64) for part in parts[1:]]
        wide = 2 * width if ".wide." in name else width_of(kind[-2]) if op == "cvt" else width
        expression = self.expression(name, kind, width, values)
        if width == 1 or (type_[0] == "f" and op not in ("cvt", "mov")):
            return [f"{result} = {expression}"]
        return [f"{result} = {expression} & {(1 << wide) - 1:#x}"]

    def expression(self, name, kind, width, values):
        op, type_ = kind[0], kind[-1]
        a, b, c = (values + ["", "", ""])[:3]
        if op == "mov":
            return f"({a})"
        if op == "cvta":
            there = SPACES[kind[-2]]
            return f"({a} - {there})" if kind[1] == "to" else f"({a} + {there})"
        if op == "selp":
            return f"({a} if {c} else {b})"
        if type_ == "pred":
            return {"not": f"not {a}", "xor": f"bool({a}) != bool({b})"}[op]
        if op == "cvt":
            return self.convert(kind, a)
        if type_ == "f16x2":
            return f"halves('{op}', {', '.join(values)})"
        if type_[0] == "f":
            sign = 1 << (width - 1)
            if op in ("abs", "neg"):
                return f"({a} & {sign - 1})" if op == "abs" else f"({a} ^ {sign})"
            if "rn" not in kind or "ftz" in kind:
                raise Fault(f"{name} is not rounded as IEEE 754 says")
            return f"arithmetic('{op}', {width}, {', '.join(values)})"
        if type_[0] == "s" and op in ("shr", "rem", "div", "mul", "mad", "min", "max"):
            a = f"signed({a}, {width})"
            b = b if op == "shr" else f"signed({b}, {width})"
        simple = {
            "add": f"({a} + {b})", "sub": f"({a} - {b})", "and": f"({a} & {b})", "or": f"({a} | {b})",
            "xor": f"({a} ^ {b})", "not": f"~{a}", "shl": f"({a} << {b} if {b} < {width} else 0)",
            "shr": f"({a} >> min({b}, {width}))", "min": f"min({a}, {b})", "max": f"max({a}, {b})",
            "popc": f"bin({a}).count('1')", "clz": f"({width} - ({a}).bit_length())",
            "brev": f"int(format({a}, '0{width}b')[::-1], 2)", "bfe": f"({a} >> {b} & (1 << {c}) - 1)",
            "shf": f"(({b} << 32 | {a}) << ({c} & 31) >> 32)", "prmt": f"permuted({a}, {b}, {c})",
            "sad": f"({c} + abs({a} - {b}))", "dp4a": f"bytes_multiplied({a}, {b}, {c})",
            "mul": f"({a} * {b} >> {width})" if "hi" in kind else f"({a} * {b})", "mad": f"({a} * {b} + {c})",
            "div": f"truncated({a}, {b})", "rem": f"({a} - truncated({a}, {b}) * {b})",
        }
        if op not in simple or (op == "shf" and name != "shf.l.wrap.b32"):
            raise Fault(f"unknown instruction {name}")
        return simple[op]

    def convert(self, kind, value):
        to, origin = kind[-2], kind[-1]
        rounding = kind[1] if len(kind) > 3 else ""
        if to[0] == "f":
            source = f"number_of({value}, {width_of(origin)})" if origin[0] == "f" else \
                f"signed({value}, {width_of(origin)})" if origin[0] == "s" else value
            if rounding == "rni":
                source = f"math.copysign(round({source}), {source})"
            elif rounding != "rn" and width_of(to) <= width_of(origin):
                raise Fault(f"{'.'.join(kind)} does not say how it rounds")
            return f"bits_of({source}, {width_of(to)})"
        if origin[0] == "f":
            if rounding != "rzi":
                raise Fault(f"{'.'.join(kind)} does not cut")
            return f"int(number_of({value}, {width_of(origin)}))"
        return f"signed({value}, {width_of(origin)})" if origin[0] == "s" else f"({value})"

    def compare(self, kind, parts):
        sign = COMPARISONS[kind[1]]
        if kind[2] == "f16x2":
            low, high = (self.operand(part) for part in parts[0].split("|"))
            a, b = (self.operand(part) for part in parts[1:])
            return [f"{low} = number_of({a} & 0xFFFF, 16) {sign} number_of({b} & 0xFFFF, 16)",
                    f"{high} = number_of({a} >> 16, 16) {sign} number_of({b} >> 16, 16)"]
        width = width_of(kind[2])
        a, b = (self.operand(part, width) for part in parts[1:])
        if kind[2][0] == "s":
            a, b = f"signed({a}, {width})", f"signed({b}, {width})"
        return [f"{self.operand(parts[0])} = {a} {sign} {b}"]

    def memory(self, space):
        return {"global": "machine.memory", "const": "machine.constants"}.get(space, space)

    def access(self, kind, parts):
        size = width_of(kind[-1]) // 8
        if kind[1] == "param":
            return [f"{self.operand(parts[0])} = machine.parameters[{int(parts[1][2:-1])}]"]
        memory = self.memory(kind[1])
        if kind[0] == "ld":
            value = f"{memory}.load({self.address(parts[1])}, {size})"
            if kind[-1][0] == "s":
                raise Fault("a load that spreads a sign")
            return [f"{self.operand(parts[0])} = {value}"]
        return [f"{memory}.store({self.address(parts[0])}, {size}, {self.operand(parts[1])})"]

    def atomic(self, kind, parts):
        memory, address = self.memory(kind[1]), self.address(parts[1])
        result, what = self.operand(parts[0]), ".".join(kind[2:])
        lines = ["yield ('step',)", f"old = {memory}.load({address}, 4)"]
        if what == "cas.b32":
            lines.append(f"if old == {self.operand(parts[2], 32)}: {memory}.store({address}, 4, {self.operand(parts[3], 32)})")
        elif what in ATOMICS:
            lines.append(f"{memory}.store({address}, 4, ATOMICS['{what}'](old, {self.operand(parts[2], 32)}))")
        else:
            raise Fault(f"unknown atomic operation {what}")
        return [*lines, f"{result} = old"]

    def tensor(self, kind, parts):
        # Which lane holds what of a matrix is the hardware's secret: here the first register holds all of it.
        def registers(text):
            return [self.operand(part, 32) for part in text.strip("{}").split(",")]
        if kind[1] == "load":
            first, *others = registers(parts[0])
            return [f"{first} = yield ('load', {self.address(parts[1])}, {self.operand(parts[2])}, '{kind[5]}', '{kind[-1]}')",
                    *(f"{other} = None" for other in others)]
        if kind[1] == "store":
            first = registers(parts[1])[0]
            return [f"yield ('store', {self.address(parts[0])}, {self.operand(parts[2])}, '{kind[5]}', '{kind[-1]}', {first})"]
        result, *others = registers(parts[0])
        a, b, c = (registers(part) for part in parts[1:])
        if c[0].isidentifier() and c.count(c[0]) == len(c):
            c[0] = f"(({c[0]},) * 256)"  # one register for all: the same number everywhere
        return [f"{result} = yield ('product', {a[0]}, {b[0]}, {c[0]})", *(f"{other} = None" for other in others)]


class Machine:
    def __init__(self, ptx, threads, parameters, buffers, dynamic_shared=0, seed=0):
        translator = Translator(ptx)
        source = translator.translate()
        names = {}
        exec(compile(source, "ptx", "exec"), globals(), names)  # what it is made of lies in this tree
        self.thread, self.threads, self.parameters = names["thread"], threads, parameters
        self.memory = Global(buffers)
        self.constants = Memory(translator.sizes["const"], "constant")
        for place, content in translator.constants:
            self.constants.bytes[place:place + len(content)] = content
        self.shared_size = translator.sizes["shared"] + dynamic_shared
        self.local_size = translator.sizes["local"]
        self.lot = random.Random(seed)

    def run(self, blocks):
        """All threads of all blocks at once."""
        shared = [Memory(self.shared_size, "shared") for _ in range(blocks)]
        running, waiting = {}, {}
        for number in range(blocks * self.threads):
            block, thread = divmod(number, self.threads)
            running[number] = self.thread(self, thread, block, self.threads, shared[block], Memory(self.local_size, "local"))
        ready = {number: None for number in running}  # and what each is told
        while running:
            if not ready:
                ready = self.meet(running, waiting, shared)
                if not ready:
                    raise Fault("threads wait for one another and never meet")
            told, ready = ready, {}
            order = list(told)
            self.lot.shuffle(order)
            for number in order:
                try:
                    asked = running[number].send(told[number])
                except StopIteration:
                    del running[number]
                    continue
                if asked[0] == "step":
                    ready[number] = None
                else:
                    waiting[number] = asked

    def meet(self, running, waiting, shared):
        """Whom the threads that wait can tell something, now that none can go on by itself."""
        told = {}
        warps = {}
        for number, asked in waiting.items():
            if asked[0] != "barrier":
                mask = asked[-1] if asked[0] in ("shfl", "vote", "match") else 0xFFFFFFFF
                key = (asked[0], asked[1] if asked[0] in ("shfl", "vote") else "", mask)
                warps.setdefault((number // LANES, key), {})[number % LANES] = asked
        for (warp, (what, how, mask)), lanes in warps.items():
            if sum(1 << lane for lane in lanes) == mask:
                answers = getattr(self, what)(how, lanes, shared[warp * LANES // self.threads])
                told.update({warp * LANES + lane: answer for lane, answer in answers.items()})
        if not told:
            for block in {number // self.threads for number in waiting}:
                inside = [number for number in running if number // self.threads == block]
                if all(waiting.get(number, ("",))[0] == "barrier" for number in inside):
                    told.update(dict.fromkeys(inside))
        for number in told:
            del waiting[number]
        return told

    def shfl(self, how, lanes, _):
        answers = {}
        for lane, (_, _, mine, where, bound, _) in lanes.items():
            source = {"idx": where, "up": lane - where, "down": lane + where, "bfly": lane ^ where}[how]
            inside = source >= bound if how == "up" else source <= bound
            answers[lane] = lanes[source][2] if inside else mine
        return answers

    def vote(self, how, lanes, _):
        votes = {lane: bool(asked[2]) for lane, asked in lanes.items()}
        answer = {"ballot": sum(vote << lane for lane, vote in votes.items()), "any": any(votes.values()),
                  "all": all(votes.values())}[how]
        return dict.fromkeys(lanes, answer)

    def match(self, _, lanes, __):
        return {lane: sum((other[2] == asked[2]) << place for place, other in lanes.items()) for lane, asked in lanes.items()}

    @staticmethod
    def place(row, column, stride, layout):
        return row * stride + column if layout == "row" else column * stride + row

    def matrix_memory(self, address, shared):
        if not SPACES["shared"] <= address < SPACES["local"] or address % 32:
            raise Fault("a matrix that is not in shared memory, or not on a multiple of 32 bytes")
        return shared, address - SPACES["shared"]

    def load(self, _, lanes, shared):
        asked, = set(lanes.values())
        _, address, stride, layout, kind = asked
        memory, base = self.matrix_memory(address, shared)
        width = width_of(kind)
        matrix = tuple(memory.load(base + self.place(row, column, stride, layout) * width // 8, width // 8)
                       for row in range(16) for column in range(16))
        if kind[0] == "f":
            return dict.fromkeys(lanes, tuple(Fraction(number_of(bits, width)) for bits in matrix))
        return dict.fromkeys(lanes, tuple(signed(bits, width) for bits in matrix))

    def product(self, _, lanes, __):
        asked, = set(lanes.values())
        _, a, b, c = asked
        return dict.fromkeys(lanes, tuple(
            c[16 * row + column] + sum(a[16 * row + step] * b[16 * step + column] for step in range(16))
            for row in range(16) for column in range(16)))

    def store(self, _, lanes, shared):
        asked, = set(lanes.values())
        _, address, stride, layout, kind, matrix = asked
        memory, base = self.matrix_memory(address, shared)
        for row in range(16):
            for column in range(16):
                value = matrix[16 * row + column]
                bits = bits_of(value, 32) if kind == "f32" else value
                if kind == "f32" and Fraction(number_of(bits, 32)) != value:
                    raise Fault("a sum that single precision does not hold exactly: its order would matter")
                memory.store(base + self.place(row, column, stride, layout) * 4, 4, bits)
        return dict.fromkeys(lanes)
