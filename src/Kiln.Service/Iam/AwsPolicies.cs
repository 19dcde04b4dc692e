namespace Kiln.Service.Iam;

/// <summary>The policies that AWS keeps for everybody and that image builders commonly attach.</summary>
public static class AwsPolicies
{
    private static readonly DateTimeOffset Made = new(2015, 2, 6, 18, 39, 0, TimeSpan.Zero);

    /// <summary>All of them by ARN.</summary>
    public static IReadOnlyDictionary<string, ManagedPolicy> All { get; } = new[]
    {
        Policy("AdministratorAccess", "ANPAKILNADMINISTRATOR", "Provides full access to AWS services and resources.",
            """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"""),
        Policy("AmazonEC2FullAccess", "ANPAKILNEC2FULLACCESS",
            "Provides full access to Amazon EC2 via the AWS Management Console.",
            """
            {"Version":"2012-10-17","Statement":[
            {"Action":"ec2:*","Effect":"Allow","Resource":"*"},
            {"Effect":"Allow","Action":"elasticloadbalancing:*","Resource":"*"},
            {"Effect":"Allow","Action":"cloudwatch:*","Resource":"*"},
            {"Effect":"Allow","Action":"autoscaling:*","Resource":"*"},
            {"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*","Condition":{"StringEquals":
            {"iam:AWSServiceName":["autoscaling.amazonaws.com","ec2scheduled.amazonaws.com",
            "elasticloadbalancing.amazonaws.com","spot.amazonaws.com","spotfleet.amazonaws.com",
            "transitgateway.amazonaws.com"]}}}]}
            """),
        Policy("ReadOnlyAccess", "ANPAKILNREADONLYACCES",
            "Provides read-only access to AWS services and resources.",
            """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":[
            "autoscaling:Describe*","backup:Describe*","backup:Get*","backup:List*","config:Describe*","config:Get*",
            "config:List*","dlm:Get*","ebs:GetSnapshotBlock","ebs:ListChangedBlocks","ebs:ListSnapshotBlocks",
            "ec2:Describe*","ec2:Get*","ec2:ListImagesInRecycleBin","ec2:ListSnapshotsInRecycleBin","ec2:SearchLocal*",
            "events:Describe*","events:List*","events:Test*","iam:Generate*","iam:Get*","iam:List*","iam:Simulate*",
            "imagebuilder:Get*","imagebuilder:List*","kms:Describe*","kms:Get*","kms:List*","rbin:Get*","rbin:List*",
            "s3:Get*","s3:List*","ssm:Describe*","ssm:Get*","ssm:List*","sts:GetAccessKeyInfo",
            "sts:GetCallerIdentity","sts:GetSessionToken","tag:Get*"]}]}
            """),
    }.ToDictionary(p => p.Arn);

    private static ManagedPolicy Policy(string name, string id, string description, string document) => new()
    {
        Arn = $"arn:aws:iam::aws:policy/{name}",
        AccountId = "aws",
        Name = name,
        LowerName = name.ToLowerInvariant(),
        Id = id,
        Path = "/",
        Description = description,
        Document = document,
        CreateDate = Made,
    };
}
