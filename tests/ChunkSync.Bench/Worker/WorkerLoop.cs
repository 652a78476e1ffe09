using System.Text.Json;

namespace ChunkSync.Bench.Worker;

/// <summary>A worker process: reads requests, one per line, and answers each with a line, both in JSON.</summary>
internal static class WorkerLoop
{
    /// <summary>Works until the input ends.</summary>
    /// <param name="library">The extension under test, or null for the floors.</param>
    public static int Run(string? library)
    {
        while (Console.In.ReadLine() is string line)
        {
            Measurement result;
            try
            {
                result = Operations.Run(JsonSerializer.Deserialize<Request>(line)!, library);
            }
            catch (InvalidOperationException failure)
            {
                result = new Measurement { Failure = failure.Message };
            }

            Console.Out.WriteLine(JsonSerializer.Serialize(result));
            Console.Out.Flush();
        }

        return 0;
    }
}
