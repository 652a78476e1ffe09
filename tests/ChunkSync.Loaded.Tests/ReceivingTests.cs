using System.Text;
using System.Text.RegularExpressions;

namespace ChunkSync.Loaded.Tests;

/// <summary>The statements of docs/receiving.md.</summary>
public partial class ReceivingTests
{
    [Fact]
    public void Page_about_receiving_runs_when_its_blocks_are_pasted_into_the_shell()
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-receiving").FullName;
        try
        {
            StringBuilder script = new($".cd {folder}\n");
            MatchCollection blocks = Block().Matches(Repository.Read("docs/receiving.md"));
            foreach (Match block in blocks)
            {
                // A new connection each time: what is known about the chunks is in the files.
                script.Append($".open {block.Groups[1].Value}\n.load {Repository.Library}\n.print == block\n{block.Groups[2].Value}");
            }

            (int code, string output, string errors) = Repository.Run("sqlite3", script.ToString(), "-batch");
            Assert.Equal("", errors);
            Assert.Equal(0, code);
            Assert.Equal(blocks.Count, Regex.Count(output, "== block"));
            string[] parts = output.Split("== block\n");
            Assert.Equal(3, parts[3].Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            Assert.EndsWith("\na|apple|900000\nb|banana|\nc|cherry|500000\n3|0|0|\ncheck_dbversion|2\ncheck_seq|3\n", parts[5]);
            Assert.Equal("0\n101|\n1\n", parts[6]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex("```sql\n-- in (\\w+\\.db)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
