using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance;

public sealed class ServeTests
{
    [Fact]
    public async Task Starts_answers_the_aws_cli_and_stops_when_told()
    {
        await using var kiln = new KilnProcess();
        await kiln.InitializeAsync();

        var identity = await kiln.Aws(KilnProcess.B).Json("sts get-caller-identity");

        Assert.Equal(KilnProcess.B, identity.GetProperty("Account").GetString());
        Assert.Equal(0, await kiln.Stop());
    }

    [Fact]
    public async Task What_it_says_to_paste_is_enough_for_a_client()
    {
        Assert.SkipUnless(Directory.Exists("/usr/lib/python3/dist-packages/boto3"),
            "boto3 is not installed (Debian's package python3-boto3).");
        await using var kiln = new KilnProcess();
        await kiln.InitializeAsync();
        var paste = string.Join('\n', kiln.Said.Where(l => l.StartsWith("  export ", StringComparison.Ordinal)));

        // boto3 reads AWS_DEFAULT_REGION only, and nothing else around it may help. Debian's is too old for
        // AWS_ENDPOINT_URL.
        const string Ask = "import boto3, os; print(boto3.client('sts', endpoint_url=os.environ['AWS_ENDPOINT_URL'])"
            + ".get_caller_identity()['Account'])";
        var account = await Command.Run("env",
            ["-i", "PATH=/usr/bin:/bin", "HOME=/nowhere", "bash", "-c", $"{paste}\n/usr/bin/python3 -c \"{Ask}\""]);

        Assert.True(account.ExitCode == 0, account.Errors);
        Assert.Matches("^[0-9]{12}$", account.Output.Trim());
    }

    [Fact]
    public async Task A_second_service_over_the_same_folder_is_refused_and_harms_nothing()
    {
        await using var kiln = new KilnProcess();
        await kiln.InitializeAsync();

        var second = await Command.Run(
            KilnProcess.Program, ["serve", "--data", kiln.DataFolder, "--listen", "127.0.0.1:0", "--dev"]);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("is in use by another Kiln", second.Errors, StringComparison.Ordinal);
        await kiln.Kill();
        await kiln.Start();
        Assert.Equal(0, await kiln.Stop());
    }

    [Fact]
    public async Task What_cannot_be_started_is_said_in_one_line()
    {
        await using var kiln = new KilnProcess();
        await kiln.InitializeAsync();
        var other = Path.Combine(kiln.Folder, "other");
        Task<Outcome> Serve(string data, string listen = "127.0.0.1:0", params string[] more) => Command.Run(
            KilnProcess.Program, ["serve", "--data", data, "--guests", "simulated", "--listen", listen, .. more]);
        void Line(Outcome outcome, string sentence)
        {
            Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
            Assert.Contains(sentence, Assert.Single(outcome.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }

        Line(await Serve(other, new Uri(kiln.Url).Authority), "address already in use");
        Line(await Serve(other, more: ["--database", "postgres://nobody:none@127.0.0.1:1/none"]), "Connection refused");
        await kiln.Kill();
        var key = kiln.DataFolder + ".master-key";
        File.Move(key, key + ".aside");
        Line(await Serve(kiln.DataFolder), "is missing, and the database is sealed under it");
        Assert.False(File.Exists(key));
        await File.WriteAllBytesAsync(key, new byte[32], TestContext.Current.CancellationToken);
        Line(await Serve(kiln.DataFolder), "is not the master key that this database is sealed under");
        File.Move(key + ".aside", key, overwrite: true);
        await kiln.Start();
        Assert.Equal(0, await kiln.Stop());
        await File.WriteAllTextAsync(
            Path.Combine(kiln.DataFolder, "kiln.db"), new string('x', 8192), TestContext.Current.CancellationToken);
        Line(await Serve(kiln.DataFolder), "file is not a database");
    }

    [Theory]
    [InlineData("--listen", "nonsense", "--listen: 'nonsense' is not ADDRESS:PORT")]
    [InlineData("--guests", "docker", "--guests: 'docker' is not auto, qemu or simulated.")]
    [InlineData("--regions", "US", "--regions: 'US' is not a list of Region names")]
    [InlineData("--database", "mysql://x", "--database: 'mysql://x' is not a postgres://")]
    [InlineData("--cache-mib", "1", "--cache-mib: between 8 and 65536.")]
    public async Task A_wrong_setting_is_named_before_anything_starts(string option, string value, string sentence)
    {
        var folder = Directory.CreateTempSubdirectory("kiln-conf-").FullName;
        var outcome =
            await Command.Run(KilnProcess.Program, ["serve", "--data", Path.Combine(folder, "data"), option, value]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(sentence, outcome.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder, "data")));
        Directory.Delete(folder, recursive: true);
    }
}
