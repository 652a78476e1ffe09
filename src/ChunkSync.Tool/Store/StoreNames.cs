using System.Globalization;
using System.Text.RegularExpressions;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>The names of objects in a store. What others wrote is compared with them, never used as a path by itself.</summary>
internal static partial class StoreNames
{
    /// <summary>The object that says what an export is.</summary>
    public const string Head = "head.json";

    /// <summary>Where chunks and parts lie.</summary>
    public static readonly string[] Folders = ["c", "m"];

    /// <summary>The digits of a SHA-256 that are in a name.</summary>
    private const int HashDigits = 16;

    /// <summary>The SHA-256 of an object, 64 hex digits.</summary>
    public static string Hash(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Sha256.Length];
        Sha256.Hash([], content, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>The name of a chunk: <c>c/&lt;db_version&gt;-&lt;seq&gt;-&lt;offset&gt;-&lt;sha256&gt;.clsy</c>, each 16 hex digits.</summary>
    /// <param name="from">Where it begins.</param>
    /// <param name="sha256">The SHA-256 of its payload, 64 hex digits.</param>
    public static string Chunk(ChunkCursor from, string sha256) => string.Create(
        CultureInfo.InvariantCulture, $"c/{from.DbVersion:x16}-{from.Seq:x16}-{from.Offset:x16}-{sha256[..HashDigits]}.clsy");

    /// <summary>The name of a manifest's part.</summary>
    /// <param name="place">Which part.</param>
    /// <param name="sha256">The SHA-256 of its bytes, 64 hex digits.</param>
    public static string Part(PartPlace place, string sha256) => string.Create(
        CultureInfo.InvariantCulture, $"m/{place.Generation}-{place.Number}-{sha256[..HashDigits]}.json");

    /// <summary>Takes the name of a part apart.</summary>
    /// <param name="name">What somebody wrote.</param>
    /// <param name="place">Which part it names.</param>
    /// <returns>Whether it is such a name.</returns>
    public static bool TryReadPart(string name, out PartPlace place)
    {
        place = default;
        Match match = PartName().Match(name);
        if (!match.Success || !TryNumber(match.Groups["generation"], out long generation) || !TryNumber(match.Groups["number"], out long number))
        {
            return false;
        }

        place = new PartPlace(generation, number);
        return true;
    }

    /// <summary>Whether a name is that of a chunk or a part; what else lies in a store is not an export's.</summary>
    public static bool IsObject(string name) => ChunkName().IsMatch(name) || PartName().IsMatch(name);

    /// <summary>Refuses a name that could lead out of a store. Every name comes from here or was compared with one that does: this is the second lock.</summary>
    /// <exception cref="ArgumentException">It could.</exception>
    public static void Check(string name)
    {
        if (!Plain().IsMatch(name) || name.Split('/').Any(segment => segment[0] == '.'))
        {
            throw new ArgumentException($"'{name}' is no name of an object", nameof(name));
        }
    }

    private static bool TryNumber(Group digits, out long number) => long.TryParse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    [GeneratedRegex(@"\Am/(?<generation>[1-9][0-9]{0,18})-(?<number>[1-9][0-9]{0,18})-[0-9a-f]{16}\.json\z", RegexOptions.ExplicitCapture)]
    private static partial Regex PartName();

    [GeneratedRegex(@"\Ac/([0-9a-f]{16}-){3}[0-9a-f]{16}\.clsy\z", RegexOptions.ExplicitCapture)]
    private static partial Regex ChunkName();

    [GeneratedRegex(@"\A[0-9a-z.-]+(/[0-9a-z.-]+)*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Plain();
}
