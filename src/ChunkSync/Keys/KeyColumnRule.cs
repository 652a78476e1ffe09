using ChunkSync.Format;

namespace ChunkSync.Keys;

/// <summary>How SQLite stores and compares the values of one key column.</summary>
internal readonly struct KeyColumnRule
{
    public const string Binary = "BINARY";

    /// <summary>-2^63 and 2^63: a REAL outside is no INTEGER. SQLite does not take -2^63 itself for one either.</summary>
    private const double Reach = 9223372036854775808.0;

    private readonly int exactKinds;

    /// <param name="affinity">The column's affinity.</param>
    /// <param name="collation">The collation of the key's index.</param>
    public KeyColumnRule(KeyAffinity affinity, string collation)
    {
        Affinity = affinity;
        Collation = collation;
        bool isBinary = collation.Equals(Binary, StringComparison.OrdinalIgnoreCase);
        exactKinds = Bit(WireKind.Blob) | (affinity switch
        {
            KeyAffinity.Numeric => Bit(WireKind.Integer),
            KeyAffinity.Real => Bit(WireKind.Real),
            _ => isBinary ? Bit(WireKind.Text) : 0,
        });
        HasEqualValues = !isBinary || affinity is KeyAffinity.None or KeyAffinity.Real;
    }

    public KeyAffinity Affinity { get; }

    /// <summary>The collation by which keys are equal.</summary>
    public string Collation { get; }

    /// <summary>Whether values that are stored with different bytes can be equal.</summary>
    public bool HasEqualValues { get; }

    /// <summary>Whether a value is stored as it is, and equal to no other bytes.</summary>
    public bool IsExact(in WireValue value) => ((exactKinds >> (int)value.Kind) & 1) != 0
        && (value.Kind != WireKind.Real || value.Real != 0) && (value.Kind != WireKind.Integer || value.Integer != long.MinValue);

    /// <summary>The affinity of a declared type, in SQLite's order of rules.</summary>
    /// <param name="type">The type.</param>
    /// <param name="isStrict">Whether the table is STRICT: ANY takes values as they are there.</param>
    public static KeyAffinity AffinityOf(string type, bool isStrict)
    {
        bool Has(string part) => type.Contains(part, StringComparison.OrdinalIgnoreCase);
        return Has("INT") ? KeyAffinity.Numeric
            : Has("CHAR") || Has("CLOB") || Has("TEXT") ? KeyAffinity.Text
            : type.Length == 0 || Has("BLOB") || (isStrict && type.Equals("ANY", StringComparison.OrdinalIgnoreCase)) ? KeyAffinity.None
            : Has("REAL") || Has("FLOA") || Has("DOUB") ? KeyAffinity.Real
            : KeyAffinity.Numeric;
    }

    /// <summary>Appends a stored value and the other numbers that are equal to it: 1 and 1.0, 0.0 and -0.0, as far as the column can hold
    /// them.</summary>
    public void AddEqualNumbers(in WireValue value, List<WireValue> target)
    {
        target.Add(value);
        if (value.Kind == WireKind.Integer && (Affinity == KeyAffinity.None || value.Integer == long.MinValue))
        {
            double real = value.Integer;
            if (real < Reach && (long)real == value.Integer)
            {
                AddReals(real, value, target);
            }
        }
        else if (value.Kind == WireKind.Real)
        {
            AddReals(value.Real, value, target);
            if (value.Real is >= -Reach and < Reach && (long)value.Real == value.Real && (Affinity == KeyAffinity.None || value.Real == -Reach))
            {
                target.Add(new WireValue { Kind = WireKind.Integer, Integer = (long)value.Real });
            }
        }
    }

    /// <summary>Whether a REAL becomes an INTEGER in a column of numeric affinity.</summary>
    public static bool IsInteger(double value) => value is > -Reach and < Reach && (long)value == value;

    private static void AddReals(double real, in WireValue known, List<WireValue> target)
    {
        ReadOnlySpan<double> forms = real == 0 ? [0.0, -0.0] : [real];
        foreach (double form in forms)
        {
            if (known.Kind != WireKind.Real || BitConverter.DoubleToInt64Bits(form) != BitConverter.DoubleToInt64Bits(known.Real))
            {
                target.Add(new WireValue { Kind = WireKind.Real, Real = form });
            }
        }
    }

    private static int Bit(WireKind kind) => 1 << (int)kind;
}
