namespace Kiln.Cli.Connections;

/// <summary>Where the service is and who calls: found as AWS's own tools find it.</summary>
/// <param name="Endpoint">The service's address.</param>
/// <param name="Region">The Region that is called.</param>
/// <param name="AccessKeyId">The access key id.</param>
/// <param name="SecretKey">The secret key.</param>
/// <param name="SessionToken">The session token of temporary credentials.</param>
/// <remarks>
/// AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and
/// AWS_SESSION_TOKEN, AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE: the AWS CLI User Guide,
/// "Configuration and credential precedence".
/// </remarks>
public sealed record Connection(
    Uri Endpoint, string Region, string AccessKeyId, string SecretKey, string? SessionToken = null)
{
    /// <summary>Where <c>kiln serve</c> listens unless told otherwise.</summary>
    public const string DefaultEndpoint = "http://127.0.0.1:4566";

    /// <summary>Finds all of it.</summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="region">The Region of the command line, which wins; or null.</param>
    /// <param name="profile">The profile of the command line, which wins over variables; or null.</param>
    /// <param name="endpoint">The address of the command line; or null.</param>
    /// <exception cref="CliException">Something is missing or wrong; the sentence says what to set.</exception>
    public static Connection Find(
        Func<string, string?> environment, string? region = null, string? profile = null, string? endpoint = null)
    {
        string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
        var home = Variable("HOME") ?? "/";
        var credentials = IniFile.Read(Variable("AWS_SHARED_CREDENTIALS_FILE")
            ?? Path.Combine(home, ".aws", "credentials"));
        var config = IniFile.Read(Variable("AWS_CONFIG_FILE") ?? Path.Combine(home, ".aws", "config"));
        var name = profile ?? Variable("AWS_PROFILE") ?? Variable("AWS_DEFAULT_PROFILE") ?? "default";
        var section = name == "default" ? "default" : $"profile {name}";
        var address = endpoint ?? Variable("AWS_ENDPOINT_URL") ?? config.Value(section, "endpoint_url")
            ?? DefaultEndpoint;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new CliException($"AWS_ENDPOINT_URL: '{address}' is not an address such as {DefaultEndpoint}.",
                ExitCodes.Usage);
        region ??= Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? config.Value(section, "region")
            ?? throw new CliException("No Region: give --region us-east-1, or export AWS_REGION=us-east-1.",
                ExitCodes.Usage);
        if (profile is null && Variable("AWS_ACCESS_KEY_ID") is { } id)
        {
            return new Connection(uri, region, id, Variable("AWS_SECRET_ACCESS_KEY")
                ?? throw new CliException("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: export both.",
                    ExitCodes.Usage),
                Variable("AWS_SESSION_TOKEN"));
        }
        return FromProfile(credentials, name, uri, region) ?? FromProfile(config, section, uri, region)
            ?? throw new CliException(NoCredentials(name, credentials, config), ExitCodes.Usage);
    }

    private static Connection? FromProfile(IniFile file, string section, Uri endpoint, string region) =>
        file.Value(section, "aws_access_key_id") is { } id && file.Value(section, "aws_secret_access_key") is { } secret
            ? new Connection(endpoint, region, id, secret, file.Value(section, "aws_session_token"))
            : null;

    private static string NoCredentials(string name, IniFile credentials, IniFile config)
    {
        if (config.Value($"profile {name}", "role_arn") is not null)
        {
            return $"The profile '{name}' assumes a role, which kiln does not do: run aws sts assume-role and export "
                + "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.";
        }
        var known = credentials.Sections.Any() ? $" Profiles there are: {string.Join(", ", credentials.Sections)}."
            : "";
        return $"No credentials for the profile '{name}'.{known} Export AWS_SHARED_CREDENTIALS_FILE=DATA/credentials, "
            + "the file that kiln serve writes on its first start; its three export lines are printed by every start.";
    }
}
