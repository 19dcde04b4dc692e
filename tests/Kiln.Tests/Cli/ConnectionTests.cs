using Kiln.Cli;
using Kiln.Cli.Connections;

namespace Kiln.Tests.Cli;

public sealed class ConnectionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-cli-").FullName;
    private readonly Dictionary<string, string> _environment = [];

    public ConnectionTests() => _environment["HOME"] = _folder;

    [Fact]
    public void Variables_win_over_files()
    {
        Write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = file\n");
        _environment["AWS_ACCESS_KEY_ID"] = "ENV";
        _environment["AWS_SECRET_ACCESS_KEY"] = "env";
        _environment["AWS_SESSION_TOKEN"] = "token";
        _environment["AWS_DEFAULT_REGION"] = "eu-west-1";
        _environment["AWS_ENDPOINT_URL"] = "http://10.0.0.1:80";

        Assert.Equal(new Connection(new Uri("http://10.0.0.1:80"), "eu-west-1", "ENV", "env", "token"), Find());
    }

    [Fact]
    public void A_profile_comes_from_the_files_of_the_AWS_tools()
    {
        Write("credentials", "# comment\n[other]\naws_access_key_id=ID\naws_secret_access_key=SE=CRET\n");
        Write(
            "config", "[profile other]\nregion = ap-south-1\nendpoint_url = http://127.0.0.1:9\ns3 =\n  region = x\n");
        _environment["AWS_PROFILE"] = "other";

        Assert.Equal(new Connection(new Uri("http://127.0.0.1:9"), "ap-south-1", "ID", "SE=CRET"), Find());
    }

    [Fact]
    public void What_is_missing_is_named_with_the_next_step()
    {
        var region = Assert.Throws<CliException>(() => Find());
        _environment["AWS_REGION"] = "us-east-1";
        var credentials = Assert.Throws<CliException>(() => Find());
        _environment["AWS_ACCESS_KEY_ID"] = "ID";
        var secret = Assert.Throws<CliException>(() => Find());
        _environment["AWS_ENDPOINT_URL"] = "127.0.0.1:4566";
        var endpoint = Assert.Throws<CliException>(() => Find());

        Assert.Contains("AWS_REGION", region.Message, StringComparison.Ordinal);
        Assert.Contains("AWS_SHARED_CREDENTIALS_FILE", credentials.Message, StringComparison.Ordinal);
        Assert.Contains("AWS_SECRET_ACCESS_KEY", secret.Message, StringComparison.Ordinal);
        Assert.Contains("AWS_ENDPOINT_URL", endpoint.Message, StringComparison.Ordinal);
        Assert.All([region, credentials, secret, endpoint], e => Assert.Equal(ExitCodes.Usage, e.ExitCode));
    }

    private Connection Find() => Connection.Find(name => _environment.GetValueOrDefault(name));

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.Combine(_folder, ".aws"));
        File.WriteAllText(Path.Combine(_folder, ".aws", name), text);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
