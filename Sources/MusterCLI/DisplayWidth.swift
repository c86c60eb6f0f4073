/// How many columns of a terminal text takes, and cutting it to fit.
///
/// East Asian wide characters and emoji take two columns, combining marks and joiners none (UAX #11, wcwidth(3)).
extension Character {
    package var displayWidth: Int {
        var width = 0
        for scalar in unicodeScalars {
            if scalar.properties.isEmojiPresentation || scalar == "\u{FE0F}" { return 2 }
            width = max(width, scalar.displayWidth)
        }
        return width
    }
}

extension Unicode.Scalar {
    fileprivate var displayWidth: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension String {
    package var displayWidth: Int {
        reduce(0) { $0 + $1.displayWidth }
    }

    /// The text, or as much of its beginning as fits into `width` columns with `…` behind it.
    package func fitted(to width: Int) -> String {
        guard displayWidth > width else { return self }
        guard width > 0 else { return "" }
        var output = ""
        var used = 0
        for character in self {
            guard used + character.displayWidth <= width - 1 else { break }
            output.append(character)
            used += character.displayWidth
        }
        return output + "…"
    }

    package func padded(to width: Int, alignedRight: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - displayWidth))
        return alignedRight ? padding + self : self + padding
    }

    /// The text in lines of at most `width` columns, broken at spaces; a longer word is broken anywhere.
    package func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ", omittingEmptySubsequences: false) {
            var rest = String(word)
            if !line.isEmpty, line.displayWidth + 1 + rest.displayWidth > width {
                lines.append(line)
                line = ""
            }
            while rest.displayWidth > width {
                let head = rest.headOfColumns(max(1, width - (line.isEmpty ? 0 : line.displayWidth + 1)))
                lines.append(line.isEmpty ? head : line + " " + head)
                line = ""
                rest = String(rest.dropFirst(max(1, head.count)))
            }
            line = line.isEmpty ? rest : line + " " + rest
        }
        if !line.isEmpty || lines.isEmpty { lines.append(line) }
        return lines
    }

    private func headOfColumns(_ width: Int) -> String {
        var used = 0
        return String(
            prefix {
                used += $0.displayWidth
                return used <= width
            })
    }
}
