using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>Finds the keys among a table's clocks that are the same key to SQLite as a given one, also those of deleted rows, which no look-up
/// in the table itself can find.</summary>
/// <remarks>Equal numbers are few and are looked up. Texts that are equal under NOCASE or RTRIM can be very many, but those that exist lie
/// at known places of the clocks' key: each seek asks for the first key from the smallest possible text on, and what it finds tells the
/// next text to ask for. A key that was written in one way only costs two or three seeks. A collation of the host's has no such places:
/// there only living rows are found, by the table's own index.</remarks>
internal sealed unsafe class KeyForms : IDisposable
{
    /// <summary>Seeks for one key, after which others are taken for different: the table is full of such keys.</summary>
    private const int MaxSeeks = 1024;

    /// <summary>Trailing spaces that are looked for.</summary>
    private const int MaxSpaces = 4096;

    private readonly KeyRules rules;
    private readonly Statement seek;
    private readonly Statement causalLength;
    private readonly Statement areEqual;
    private readonly List<WireValue>[] numbers;
    private readonly KeyFormList found = new();
    private byte[] path = new byte[256];
    private byte[] next = new byte[256];
    private int nextLength;
    private NativeBytes asked;
    private int seeks;

    public KeyForms(Connection connection, TrackedTable table, KeyRules rules)
    {
        this.rules = rules;
        seek = connection.Prepare($"SELECT pk FROM {table.QuotedClock} WHERE pk >= ?1 ORDER BY pk LIMIT 1");
        causalLength = connection.Prepare(
            $"SELECT ifnull((SELECT col_version FROM {table.QuotedClock} WHERE pk = ?1 AND col_name = '{SentinelColumn.Name}'), 1)"
            + $" WHERE EXISTS (SELECT 1 FROM {table.QuotedClock} WHERE pk = ?1)");
        int count = rules.Columns.Length;
        string[] equal = new string[count];
        for (int i = 0; i < count; i++)
        {
            equal[i] = $"?{i + 1} = ?{count + i + 1} COLLATE {Connection.Quote(rules.Columns[i].Collation)}";
        }

        areEqual = connection.Prepare("SELECT " + string.Join(" AND ", equal));
        numbers = [.. Enumerable.Range(0, count).Select(_ => new List<WireValue>())];
    }

    /// <summary>The causal length that the clocks of exactly this key say; null when it has none.</summary>
    public long? CausalLength(ReadOnlySpan<byte> key)
    {
        causalLength.BindBlob(1, key);
        long? length = causalLength.Step() ? causalLength.Int64(0) : null;
        causalLength.Reset();
        return length;
    }

    /// <summary>Whether two keys, as the table stores them, are the same to SQLite.</summary>
    public bool AreEqual(KeyBuffer left, KeyBuffer right)
    {
        Bind(left, 1);
        Bind(right, rules.Columns.Length + 1);
        areEqual.Step();
        bool equal = areEqual.Int64(0) != 0;
        areEqual.Reset();
        areEqual.ClearBindings();
        return equal;
    }

    /// <summary>The other keys with clocks that are equal to a key.</summary>
    /// <param name="key">The key, as the table stores it.</param>
    /// <returns>They are valid until the next call.</returns>
    public KeyFormList FindOthers(NativeBytes key)
    {
        found.Clear();
        asked = key;
        seeks = 0;
        Reserve(1);
        path[0] = key.Data[0];
        ValueReader reader = new(key.Data + 1, key.Length - 1);
        Search(0, 1, reader);
        return found;
    }

    public void Dispose()
    {
        seek.Dispose();
        causalLength.Dispose();
        areEqual.Dispose();
        found.Dispose();
    }

    private void Bind(KeyBuffer key, int first)
    {
        ValueReader reader = new(key.Data + 1, key.Length - 1);
        for (int i = 0; i < rules.Columns.Length && reader.TryRead(out WireValue value); i++)
        {
            StoredValue.Bind(areEqual, first + i, value);
        }
    }

    /// <summary>Goes on with a column; <see cref="path"/> has the columns before it.</summary>
    private void Search(int column, int length, ValueReader reader)
    {
        // Columns multiply their forms: keys of many columns would be searched without end.
        if (seeks > MaxSeeks)
        {
            return;
        }

        if (column == rules.Columns.Length)
        {
            Add(path.AsSpan(0, length));
            return;
        }

        reader.TryRead(out WireValue value);
        KeyColumnRule rule = rules.Columns[column];
        if (value.Kind == WireKind.Text && rule.Collation.Equals("NOCASE", StringComparison.OrdinalIgnoreCase))
        {
            SearchNoCase(column, length, value, reader);
        }
        else if (value.Kind == WireKind.Text && rule.Collation.Equals("RTRIM", StringComparison.OrdinalIgnoreCase))
        {
            SearchTrimmed(column, length, value, reader);
        }
        else
        {
            numbers[column].Clear();
            rule.AddEqualNumbers(value, numbers[column]);
            foreach (WireValue form in numbers[column])
            {
                Search(column + 1, Write(length, form), reader);
            }
        }
    }

    private void Add(ReadOnlySpan<byte> key)
    {
        seeks++;
        if (!key.SequenceEqual(asked.Span) && CausalLength(key) is long known)
        {
            found.Add(key, known);
        }
    }

    /// <summary>Texts of the same letters, in any case.</summary>
    private void SearchNoCase(int column, int length, in WireValue value, ValueReader reader)
    {
        int end = Write(length, value);
        int letters = end - (int)value.Length;
        bool more = true;
        SetUpper(letters, end);
        while (more && SeekFrom(length, end))
        {
            // Deeper columns write behind the end, and nothing before it.
            ReadOnlySpan<byte> rest = next.AsSpan(length, nextLength - length);
            if (TryTake(rest, length, letters, end))
            {
                Search(column + 1, end, reader);
                more = TryNextCase(letters, end);
            }
            else
            {
                more = TryCaseAbove(rest, length, letters, end);
            }
        }
    }

    /// <summary>Takes over the text that was found, if it is one of those.</summary>
    private bool TryTake(ReadOnlySpan<byte> rest, int length, int letters, int end)
    {
        if (rest.Length < end - length || !rest[..(letters - length)].SequenceEqual(path.AsSpan(length, letters - length)))
        {
            return false;
        }

        ReadOnlySpan<byte> text = rest[(letters - length)..(end - length)];
        for (int i = 0; i < text.Length; i++)
        {
            if (Upper(text[i]) != Upper(path[letters + i]))
            {
                return false;
            }
        }

        text.CopyTo(path.AsSpan(letters));
        return true;
    }

    /// <summary>The next text in the order of bytes, in which capital letters come first; false behind the last one.</summary>
    private bool TryNextCase(int letters, int end)
    {
        for (int i = end - 1; i >= letters; i--)
        {
            if (path[i] is >= (byte)'A' and <= (byte)'Z')
            {
                path[i] |= 0x20;
                SetUpper(i + 1, end);
                return true;
            }
        }

        return false;
    }

    /// <summary>The first text above what was found, which is none of them; false when there is none.</summary>
    private bool TryCaseAbove(ReadOnlySpan<byte> rest, int length, int letters, int end)
    {
        for (int i = length; i < end; i++)
        {
            byte low = i < letters ? path[i] : Upper(path[i]);
            byte high = i < letters ? path[i] : Lower(path[i]);
            if (i - length == rest.Length || rest[i - length] < low)
            {
                SetUpper(Math.Max(i, letters), end);
                return true;
            }

            byte there = rest[i - length];
            if (there == low || there == high)
            {
                path[i] = there;
            }
            else if (there < high)
            {
                path[i] = high;
                SetUpper(i + 1, end);
                return true;
            }
            else
            {
                return i >= letters && TryNextCase(letters, i) && SetUpper(i, end);
            }
        }

        return false;
    }

    /// <summary>Texts that are the same without the spaces at their end.</summary>
    private void SearchTrimmed(int column, int length, in WireValue value, ValueReader reader)
    {
        int trimmed = value.Bytes.TrimEnd((byte)' ').Length;
        long size = trimmed;
        while (size <= trimmed + MaxSpaces)
        {
            int end = WriteTrimmed(length, value.Bytes[..trimmed], (int)size);
            if (!SeekFrom(length, end))
            {
                return;
            }

            ReadOnlySpan<byte> rest = next.AsSpan(length, nextLength - length);
            if (rest.StartsWith(path.AsSpan(length, end - length)))
            {
                Search(column + 1, end, reader);
                size++;
            }
            else
            {
                size = Math.Max(size + 1, SizeAt(rest, size));
            }
        }
    }

    /// <summary>The length of the text that a key goes on with; of another value, the first length behind it.</summary>
    private static long SizeAt(ReadOnlySpan<byte> rest, long size)
    {
        fixed (byte* bytes = rest)
        {
            ValueReader reader = new(bytes, rest.Length);
            int count = rest[0] >> 3;
            return reader.TryRead(out WireValue value) && value.Kind == WireKind.Text ? value.Length
                : count is >= 1 and < 4 ? Math.Max(size, 1L << (8 * count)) : long.MaxValue;
        }
    }

    /// <summary>Goes to the first key from the path on; false when there is none with the columns before this one.</summary>
    private bool SeekFrom(int length, int end)
    {
        if (++seeks > MaxSeeks)
        {
            return false;
        }

        seek.BindBlob(1, path.AsSpan(0, end));
        bool hasKey = seek.Step();
        if (hasKey)
        {
            ReadOnlySpan<byte> key = seek.Blob(0);
            if (key.Length > next.Length)
            {
                next = new byte[2 * key.Length];
            }

            key.CopyTo(next);
            nextLength = key.Length;
        }

        seek.Reset();
        return hasKey && nextLength > length && next.AsSpan(0, length).SequenceEqual(path.AsSpan(0, length));
    }

    /// <summary>Writes a value behind the path; returns the path's new length.</summary>
    private int Write(int length, in WireValue value)
    {
        Reserve(length + ValueCodec.MaxHeader + (int)value.Length);
        fixed (byte* target = path)
        {
            return (int)(ValueCodec.Write(target + length, value) - target);
        }
    }

    private int WriteTrimmed(int length, ReadOnlySpan<byte> text, int size)
    {
        Reserve(length + ValueCodec.MaxHeader + size);
        fixed (byte* target = path)
        {
            byte* data = ValueCodec.WriteBytesHeader(target + length, ValueCodec.Text, size);
            Span<byte> place = new(data, size);
            text.CopyTo(place);
            place[text.Length..].Fill((byte)' ');
            return (int)(data - target) + size;
        }
    }

    private void Reserve(int bytes)
    {
        if (bytes > path.Length)
        {
            Array.Resize(ref path, 2 * bytes);
        }
    }

    /// <summary>Makes the letters of the path from a place on capital.</summary>
    private bool SetUpper(int from, int end)
    {
        for (int i = from; i < end; i++)
        {
            path[i] = Upper(path[i]);
        }

        return true;
    }

    private static byte Upper(byte letter) => letter is >= (byte)'a' and <= (byte)'z' ? (byte)(letter & 0xDF) : letter;

    private static byte Lower(byte letter) => letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;
}
