namespace ChunkSync.Tests.Format;

/// <summary>Recorded payloads, in hex digits.</summary>
internal static class WorkedExamples
{
    /// <summary>Site of the recordings.</summary>
    public const string Site = "0190A5B0C0DE7111A222333344445555";

    /// <summary>The header of one stored row: table n, key 'k', column v, value 7.</summary>
    public const string PlainHeader = "434C53590201010400000000000900000001AFA81A17A7980F4D17C63573D026";

    /// <summary>The body behind it.</summary>
    public const string PlainBody = "0B016E0C04010B016B0B01760907090109010C10" + Site + "09010900";

    /// <summary>The header of nine compressed rows, 391 bytes.</summary>
    public const string CompressedHeader = "434C535902010104000001870009000000096B80C24C94557C658594AF875019";

    /// <summary>The header of the first of two parts of a value.</summary>
    public const string FragmentHeader = "434C5359030101040003FFE00009000000016B80C24C94557C6572BAA1D8F6BB";
}
