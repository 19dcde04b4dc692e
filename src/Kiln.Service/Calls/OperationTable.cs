using System.Reflection;
using Kiln.Protocol.Codecs;
using Kiln.Service.Ebs;

namespace Kiln.Service.Calls;

/// <summary>A service of the endpoint: its name in the signature's scope, its wire protocol and its
/// operations.</summary>
public sealed record ServiceEntry(string Name, ICodec Codec, IReadOnlyDictionary<string, OperationEntry> Operations)
{
    /// <summary>How the service names a refused signature.</summary>
    public required SignatureErrors SignatureErrors { get; init; }

    /// <summary>The Region that a call happens in, by that of its signature. IAM has one for all.</summary>
    public string RegionOf(string signed) => Name == "iam" || (Name == "sts" && signed == "aws-global")
        ? "us-east-1" : signed;

    /// <summary>Whether calls must be signed for an enabled Region: not those of services without Regions.</summary>
    public bool Regional => Name is not ("iam" or "sts");
}

/// <summary>Every operation of the product, found by attribute, and the services they belong to.</summary>
public sealed class OperationTable
{
    private readonly Dictionary<string, ServiceEntry> _services;

    /// <summary>Reads the table from this assembly.</summary>
    public OperationTable()
    {
        var byService = typeof(OperationTable).Assembly.GetTypes()
            .Where(t => t.GetCustomAttribute<OperationAttribute>() is not null)
            .Select(t => new OperationEntry(t)).ToLookup(o => o.Service);
        _services = new ServiceEntry[]
        {
            Entry("ec2", byService, _ =>
                new Ec2QueryCodec("http://ec2.amazonaws.com/doc/2016-11-15/"), SignatureErrors.Ec2),
            Entry("sts", byService, _ =>
                new QueryCodec("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/"), SignatureErrors.Query),
            Entry("iam", byService, _ =>
                new QueryCodec("2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/"), SignatureErrors.Query),
            Entry("kms", byService, _ => new JsonCodec("1.1", "TrentService"), SignatureErrors.Json),
            Entry("ssm", byService, _ => new JsonCodec("1.1", "AmazonSSM"), SignatureErrors.Json),
            Entry("ebs", byService, operations => new EbsCodec(operations), SignatureErrors.Json),
            Entry("kiln", byService, _ => new JsonCodec("1.1", "Kiln"), SignatureErrors.Json),
        }.ToDictionary(s => s.Name);
    }

    /// <summary>All services.</summary>
    public IEnumerable<ServiceEntry> Services => _services.Values;

    /// <summary>The service of a signature's scope, or null where Kiln has no such service.</summary>
    public ServiceEntry? Service(string signingName) => _services.GetValueOrDefault(signingName);

    /// <summary>A service that Kiln lacks, in the protocol that its clients can read a refusal in.</summary>
    /// <remarks>That is the protocol of the AWS service where it is known, else what the request looks like.</remarks>
    public static ServiceEntry Missing(string signingName, WireRequest request)
    {
        ICodec codec = signingName switch
        {
            "s3" => new RestXmlCodec([]),
            "autoscaling" or "sqs" or "sns" or "cloudformation" or "elasticloadbalancing" =>
                new QueryCodec("2011-01-01", "https://aws.amazon.com/doc/"),
            _ when request.Header("x-amz-target") is not null => new JsonCodec("1.1", ""),
            _ => new RestJsonCodec([]),
        };
        return new ServiceEntry(signingName, codec, new Dictionary<string, OperationEntry>())
        {
            SignatureErrors = SignatureErrors.Json,
        };
    }

    private static ServiceEntry Entry(
        string name, ILookup<string, OperationEntry> byService, Func<IEnumerable<OperationShape>, ICodec> codec,
        SignatureErrors errors)
    {
        var operations = byService[name].ToDictionary(o => o.Shape.Name);
        return new ServiceEntry(
            name, codec(operations.Values.Select(o => o.Shape)), operations) { SignatureErrors = errors };
    }
}
