using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security;
using System.Text;

namespace ChunkSync.Tool.Tests;

/// <summary>The part of an S3 API that the tool uses, in memory: PUT, GET with a range, DELETE, ListObjectsV2 in small pages. Any key is good.</summary>
internal sealed class S3Server : IDisposable
{
    /// <summary>Keys of a page of a list: few, so that lists have several.</summary>
    private const int PageSize = 3;

    private static readonly Lazy<S3Server> Lazy = new(() => new S3Server());

    private readonly HttpListener listener = new();
    private readonly ConcurrentDictionary<string, byte[]> objects = new(StringComparer.Ordinal);

    private S3Server()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        string endpoint = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndPoint!).Port}/");
        probe.Close();
        listener.Prefixes.Add(endpoint);
        listener.Start();
        _ = Task.Run(ServeAsync);
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_S3", endpoint.TrimEnd('/'));
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "test");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "test");
        Environment.SetEnvironmentVariable("AWS_MAX_ATTEMPTS", "1");
    }

    /// <summary>The one of this process: the client finds it in the environment.</summary>
    public static S3Server Shared => Lazy.Value;

    /// <summary>The objects, under bucket and key with a slash between them.</summary>
    public IDictionary<string, byte[]> Objects => objects;

    /// <summary>Buckets whose requests fail, and with which code of S3.</summary>
    public ConcurrentDictionary<string, string> Failures { get; } = new(StringComparer.Ordinal);

    /// <summary>Buckets whose puts are answered as by somebody who is no such server, and stored nowhere.</summary>
    public ConcurrentDictionary<string, bool> Pretends { get; } = new(StringComparer.Ordinal);

    /// <summary>Buckets whose objects stop in the middle.</summary>
    public ConcurrentDictionary<string, bool> Stalls { get; } = new(StringComparer.Ordinal);

    /// <summary>Buckets whose requests get no answer.</summary>
    public ConcurrentDictionary<string, bool> Silences { get; } = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => listener.Close();

    private static async Task AnswerAsync(HttpListenerResponse response, HttpStatusCode status, byte[] body)
    {
        response.StatusCode = (int)status;
        response.ContentLength64 = body.Length;
        await response.OutputStream.WriteAsync(body);
        response.Close();
    }

    private static Task ErrorAsync(HttpListenerResponse response, HttpStatusCode status, string code) =>
        AnswerAsync(response, status, Encoding.UTF8.GetBytes($"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code} for the test.</Message></Error>"));

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context = await listener.GetContextAsync();
            _ = Task.Run(() => ServeAsync(context));
        }
    }

    private async Task ServeAsync(HttpListenerContext context)
    {
        (HttpListenerRequest request, HttpListenerResponse response) = (context.Request, context.Response);
        using MemoryStream body = new();
        await request.InputStream.CopyToAsync(body);
        string path = Uri.UnescapeDataString(request.Url!.AbsolutePath.TrimStart('/'));
        string bucket = path.Split('/')[0];
        if (Silences.ContainsKey(bucket))
        {
            return;
        }

        if (request.Headers["Authorization"]?.StartsWith("AWS4-HMAC-SHA256", StringComparison.Ordinal) != true)
        {
            await ErrorAsync(response, HttpStatusCode.Forbidden, "AccessDenied");
        }
        else if (Failures.TryGetValue(bucket, out string? code))
        {
            await ErrorAsync(response, HttpStatusCode.Forbidden, code);
        }
        else if (request.HttpMethod == "PUT")
        {
            if (!Pretends.ContainsKey(bucket))
            {
                objects[path] = body.ToArray();
                response.Headers["ETag"] = "\"0\"";
            }

            await AnswerAsync(response, HttpStatusCode.OK, []);
        }
        else if (request.HttpMethod == "DELETE")
        {
            objects.TryRemove(path, out _);
            await AnswerAsync(response, HttpStatusCode.NoContent, []);
        }
        else if (request.QueryString["list-type"] == "2")
        {
            await AnswerAsync(response, HttpStatusCode.OK, Encoding.UTF8.GetBytes(List(bucket, request)));
        }
        else if (Stalls.ContainsKey(bucket))
        {
            response.ContentLength64 = 2;
            await response.OutputStream.WriteAsync(new byte[1]);
            await response.OutputStream.FlushAsync();
        }
        else if (objects.TryGetValue(path, out byte[]? content))
        {
            await GetAsync(request, response, content);
        }
        else
        {
            await ErrorAsync(response, HttpStatusCode.NotFound, "NoSuchKey");
        }
    }

    private static async Task GetAsync(HttpListenerRequest request, HttpListenerResponse response, byte[] content)
    {
        long[] range = [.. (request.Headers["Range"] ?? "")["bytes=".Length..].Split('-').Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
        if (range[0] >= content.Length)
        {
            await ErrorAsync(response, HttpStatusCode.RequestedRangeNotSatisfiable, "InvalidRange");
            return;
        }

        long last = Math.Min(range[1], content.Length - 1);
        response.Headers["Content-Range"] = $"bytes {range[0]}-{last}/{content.Length}";
        await AnswerAsync(response, HttpStatusCode.PartialContent, content[(int)range[0]..(int)(last + 1)]);
    }

    private string List(string bucket, HttpListenerRequest request)
    {
        (string prefix, string after) = (request.QueryString["prefix"] ?? "", request.QueryString["continuation-token"] ?? "");
        string[] found =
        [
            .. objects.Keys.Where(key => key.StartsWith(bucket + "/" + prefix, StringComparison.Ordinal)).Select(key => key[(bucket.Length + 1)..])
                .Select(key => key.IndexOf('/', prefix.Length) is >= 0 and int slash ? key[..(slash + 1)] : key)
                .Distinct().Order(StringComparer.Ordinal).Where(key => string.CompareOrdinal(key, after) > 0),
        ];
        IEnumerable<string> entries = found.Take(PageSize).Select(key => key.EndsWith('/')
            ? $"<CommonPrefixes><Prefix>{SecurityElement.Escape(key)}</Prefix></CommonPrefixes>"
            : $"<Contents><Key>{SecurityElement.Escape(key)}</Key><Size>1</Size></Contents>");
        bool isMore = found.Length > PageSize;
        string next = isMore ? $"<NextContinuationToken>{SecurityElement.Escape(found[PageSize - 1])}</NextContinuationToken>" : "";
        return $"<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>{(isMore ? "true" : "false")}</IsTruncated>"
            + $"{next}{string.Concat(entries)}</ListBucketResult>";
    }
}
