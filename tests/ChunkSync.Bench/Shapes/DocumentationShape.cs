using System.Runtime.InteropServices;
using System.Text;
using ChunkSync.Bench.Worker;
using ChunkSync.Samples.MainJob;

namespace ChunkSync.Bench.Shapes;

/// <summary>Real text: the API documentation of the .NET SDK, as whole files and member by member. Read when it is first bound, into
/// native memory.</summary>
internal static unsafe class DocumentationShape
{
    private const int SmallTransaction = 25;

    /// <summary>Texts of one row, as addresses and lengths.</summary>
    private sealed record Row((nint Data, int Length)[] Texts);

    private static readonly Lazy<(List<Row> Files, List<Row> Members)> Rows = new(Load);

    /// <summary>The shape; without the documentation it has no rows.</summary>
    public static Shape Make(string key)
    {
        TableShape files = new("files", ["text"]);
        TableShape members = new("members", ["file", "kind", "summary", "xml"]);
        return new Shape(key, "the .NET SDK's API documentation: whole files and 61,000 members", [files, members],
        [
            new FillStep(files.InsertSql, 0, Count(rows => rows.Files), int.MaxValue, (statement, row) => Bind(statement, Rows.Value.Files[row])),
            new FillStep(members.InsertSql, 0, Count(rows => rows.Members), SmallTransaction, (statement, row) => Bind(statement, Rows.Value.Members[row])),
        ],
        [ShapeCatalog.SmallChunk, ShapeCatalog.DefaultChunk]);
    }

    private static Func<int> Count(Func<(List<Row> Files, List<Row> Members), List<Row>> part) => () => part(Rows.Value).Count;

    private static void Bind(BenchStatement statement, Row row)
    {
        for (int i = 0; i < row.Texts.Length; i++)
        {
            statement.BindText(i + 1, (byte*)row.Texts[i].Data, row.Texts[i].Length);
        }
    }

    private static (List<Row> Files, List<Row> Members) Load()
    {
        List<Row> files = [];
        List<(string Id, string File, string Kind, string Summary, string Xml)> members = [];
        foreach (string file in DocumentationFiles.Find())
        {
            string text = File.ReadAllText(file);
            string name = Path.GetFileNameWithoutExtension(file);
            files.Add(Copy(name, text));
            DocumentationFiles.Read(name, text, members);
        }

        return (files, [.. members.Select(member => Copy(member.Id, member.File, member.Kind, member.Summary, member.Xml))]);
    }

    private static Row Copy(params string[] texts) => new([.. texts.Select(text =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        nint data = (nint)NativeMemory.Alloc((nuint)bytes.Length + 1);
        Marshal.Copy(bytes, 0, data, bytes.Length);
        return (data, bytes.Length);
    })]);
}
