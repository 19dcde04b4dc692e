using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kiln.Service;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Instances.Guests;

/// <summary>An agent, or a QEMU that its guest has taken over, may say anything: every question ends in time, with an
/// answer or a refusal.</summary>
public sealed class HostileGuestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kg-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "s.sock");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Random_answers_of_an_agent_are_refused_in_time()
    {
        var random = new Random(1);
        using var server = Serve((_, _) =>
        {
            var bytes = new byte[random.Next(1, 4096)];
            random.NextBytes(bytes);
            return bytes;
        });
        using var agent = new GuestAgent(Path, TimeProvider.System);
        for (var round = 0; round < 50; round++)
            Assert.False(await agent.Ping(Cancel, TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public async Task A_long_answer_to_a_short_question_is_not_listened_to()
    {
        var answer = Encoding.UTF8.GetBytes($"{{\"return\":\"{new string('x', 2 << 20)}\"}}\n");
        using var server = Serve((line, _) => Synchronised(line) ?? answer);
        using var agent = new GuestAgent(Path, TimeProvider.System);
        Assert.False(await agent.Ping(Cancel, TimeSpan.FromMinutes(1)));
        Assert.False((await agent.ExecStatus(1, Cancel, TimeSpan.FromMinutes(1))).Exited);
    }

    [Fact]
    public void What_stands_in_somebody_elses_folder_is_no_machine()
    {
        var folders = new GuestFolders(new ServiceOptions { Data = _folder, GuestFolder = _folder });
        var machine = folders.Make("i-0123456789abcdef0", user: null);
        Directory.CreateDirectory(System.IO.Path.Combine(folders.Root, "precious"));
        Assert.Equal(machine.Path, Assert.Single(folders.All).Path);

        Assert.SkipUnless(Posix.UserId == 0, "Only root can give folders away.");
        // As somebody who was first to make /tmp/kiln-1000, with a link in it to what they want removed.
        Posix.GiveTo(folders.Root, 12_345);
        Assert.Empty(folders.All);
        Assert.Throws<IOException>(() => folders.Make("i-0123456789abcdef0", user: null));
    }

    [Theory]
    [InlineData("""{"return":"""), InlineData("[]"), InlineData("""{"return":{"pid":"x"}}"""), InlineData("{}")]
    [InlineData("""{"error":5}"""), InlineData("""{"error":{"class":7,"desc":[]}}""")]
    [InlineData("""{"return":{"exited":1,"out-data":"%%%","exitcode":99999999999}}""")]
    public async Task Answers_of_the_wrong_shape_are_refused_or_read_as_nothing(string answer)
    {
        using var server = Serve((line, _) => Synchronised(line) ?? Encoding.UTF8.GetBytes(answer + "\n"));
        using var agent = new GuestAgent(Path, TimeProvider.System);
        try
        {
            var status = await agent.ExecStatus(1, Cancel, TimeSpan.FromMilliseconds(500));
            Assert.False(status.Exited);
            Assert.Empty(status.Output);
        }
        catch (Exception refused) when (refused is IOException or QmpException)
        {
            Assert.True(refused.Message.Length <= 1024);
        }
    }

    [Fact]
    public async Task An_agent_that_freezes_and_falls_silent_has_been_told_to_thaw()
    {
        var heard = new List<string>();
        using var server = Serve((line, _) =>
        {
            lock (heard)
                heard.Add(line);
            // It says nothing to a freeze, as one that froze the disk its own log is on.
            return Synchronised(line) ?? (line.Contains("freeze-freeze", StringComparison.Ordinal) ? []
                : "{\"return\":0}\n"u8.ToArray());
        });
        var clock = new ManualClock();
        using var agent = new GuestAgent(Path, clock);
        var freeze = agent.Freeze(_ => { }, Cancel);
        await Until(() => Heard("freeze-freeze"));
        clock.Advance(GuestAgent.AnswerMax + TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<IOException>(() => freeze);
        Assert.True(Heard("freeze-thaw"));

        bool Heard(string what)
        {
            lock (heard)
                return heard.Any(l => l.Contains(what, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_freeze_that_nobody_ends_ends_by_itself()
    {
        var thaws = 0;
        using var server = Serve((line, _) =>
        {
            if (line.Contains("fsfreeze-thaw", StringComparison.Ordinal))
                Interlocked.Increment(ref thaws);
            return Synchronised(line) ?? "{\"return\":1}\n"u8.ToArray();
        });
        var clock = new ManualClock();
        using var agent = new GuestAgent(Path, clock);
        var ended = new TaskCompletionSource<string?>();
        await using var freeze = await agent.Freeze(ended.SetResult, Cancel);
        clock.Advance(GuestFreeze.Max);
        Assert.NotNull(await ended.Task);
        Assert.Equal(1, thaws);
    }

    [Fact]
    public async Task Random_words_of_a_QEMU_end_the_connection_and_nothing_else()
    {
        var random = new Random(2);
        using var server = Serve((line, _) =>
        {
            var bytes = new byte[random.Next(1, 2048)];
            random.NextBytes(bytes);
            return bytes;
        }, greeting: "{\"QMP\":{}}\n"u8.ToArray());
        using var qmp = new Qmp(Path, TimeProvider.System);
        for (var round = 0; round < 30; round++)
        {
            await Assert.ThrowsAnyAsync<IOException>(
                () => qmp.Execute("query-status", null, Cancel, TimeSpan.FromMilliseconds(50)));
        }
    }

    [Fact]
    public async Task A_line_without_an_end_is_given_up()
    {
        using var server = Serve((_, _) => new byte[64 * 1024], greeting: "{\"QMP\":{}}\n"u8.ToArray(), floods: true);
        using var qmp = new Qmp(Path, TimeProvider.System);
        await Assert.ThrowsAnyAsync<IOException>(
            () => qmp.Execute("query-status", null, Cancel, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void A_file_behind_a_link_is_not_opened()
    {
        var link = System.IO.Path.Combine(_folder, "link");
        File.CreateSymbolicLink(link, "/etc/hostname");
        Assert.Throws<IOException>(() => Posix.OpenPlain(link));
        Assert.Null(LaunchRecord.Read(new GuestFolder("i-0", _folder)));
    }

    private static byte[]? Synchronised(string line)
    {
        var at = line.IndexOf('{', StringComparison.Ordinal);
        if (at < 0 || !line.Contains("guest-sync-delimited", StringComparison.Ordinal))
            return null;
        var id = JsonDocument.Parse(line[at..]).RootElement.GetProperty("arguments").GetProperty("id").GetInt64();
        return [0xFF, .. Encoding.UTF8.GetBytes($"{{\"return\":{id}}}\n")];
    }

    private static async Task Until(Func<bool> wanted)
    {
        while (!wanted())
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
    }

    private Socket Serve(Func<string, int, byte[]> answer, byte[]? greeting = null, bool floods = false)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path));
        listener.Listen(64);
        _ = Task.Run(async () =>
        {
            for (var number = 0; ; number++)
            {
                var client = await listener.AcceptAsync();
                _ = Talk(client, number);
            }
        }, Cancel);
        return listener;

        async Task Talk(Socket client, int number)
        {
            try
            {
                await using var stream = new NetworkStream(client, ownsSocket: true);
                if (greeting is not null)
                    await stream.WriteAsync(greeting, Cancel);
                using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
                while (await reader.ReadLineAsync(Cancel) is { } line)
                {
                    do
                    {
                        await stream.WriteAsync(answer(line, number), Cancel);
                    }
                    while (floods);
                }
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                // The other side has had enough.
            }
        }
    }
}
